import Countersign
import Engine
import Postgres
import Support
import Testing

/// What a transaction writes within many savepoints is walked past by everybody else, a step a savepoint and row.
@Suite(.database) struct SavepointTests {
    private static let insert = """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri) VALUES ('qr-code', '\(Site.callback)')
        """

    private func savepoints(_ count: Int, each: String = "") -> String {
        "BEGIN;" + (1...count).map { "SAVEPOINT s\($0);\(each)" }.joined()
    }

    /// Steps through pg_subtrans since the server began. Whoever reads what others write within 65 savepoints takes some.
    private func steps(_ session: inout Connection) async throws -> Int {
        try await session.execute("SELECT pg_stat_force_next_flush()")
        // Its name since PostgreSQL 17 is the second.
        let sql = "SELECT blks_hit + blks_read FROM pg_stat_slru WHERE name IN ('Subtrans', 'subtransaction')"
        return try await session.run(Statement("steps", sql))[0].int(0)
    }

    /// 2,000 rows within 300 savepoints were 600,000 steps.
    @Test func `an open transaction with hundreds of savepoints costs a claim next to nothing`() async throws
    {
        let hostile = try await Site.make()
        let neighbour = try await Site.make("globex")
        var attacker = try await hostile.portal()
        try await attacker.execute(savepoints(300))
        _ = try await attacker.refusal(of: "\(Self.insert), \(values(2_000))")
        // Where the statement before was the first to write, this one is not.
        for _ in 0..<3 {
            try await attacker.execute("ROLLBACK TO s300")
            _ = try await attacker.refusal(of: "\(Self.insert), \(values(2_000))")
        }
        var portal = try await neighbour.portal()
        let request = try await portal.request()
        var session = try await Connection.open(Database.current.stageOptions())
        var counter = try await Database.current.connectAsSuperuser()
        var stage = IssueStage()
        var (issued, least) = (0, Int.max)
        // The server counts for all tests together: the least of some looks is this one's.
        for _ in 0..<5 where least >= 50_000 {
            let before = try await steps(&counter)
            stage.lookAtEverything()
            issued += try await stage.runBatch(&session, prelude: [], limit: 100).outcome.rows
            try await session.execute("SELECT pg_stat_force_next_flush()")
            least = min(least, try await steps(&counter) - before)
        }
        #expect(issued == 1 && least < 50_000)
        #expect(try await portal.status(request) == "issued")
        try await attacker.execute("ROLLBACK")
    }

    private func values(_ count: Int) -> String {
        Array(repeating: "('qr-code', '\(Site.callback)')", count: count).joined(separator: ", ")
    }

    @Test func `a request within 17 savepoints is refused, and the next ones leave nothing behind`()
        async throws
    {
        let site = try await Site.make()
        var portal = try await site.portal()
        try await portal.execute(savepoints(18))
        for _ in 0..<300 {
            let error = try #require(try await portal.refusal(of: Self.insert))
            #expect(error.state == "CS008" && error.message.contains("at most 16 are allowed"))
            try await portal.execute("ROLLBACK TO s18")
        }
        // A page has 185 rows.
        #expect(try await size("issue_queue") <= 8_192)
        try await portal.execute("ROLLBACK; \(savepoints(16, each: Self.insert + ";")) COMMIT")
        #expect(try await Database.current.rowCounts()["auth_requests"] == 16)
    }

    private func size(_ table: String) async throws -> Int {
        try await Database.current.count("SELECT pg_relation_size('countersign.\(table)')")
    }

    @Test func `a few savepoints and many released ones are fine`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        try await portal.execute("\(savepoints(10, each: Self.insert + ";")) COMMIT")
        let released = "SAVEPOINT s; \(Self.insert); RELEASE s;"
        try await portal.execute("BEGIN; \(String(repeating: released, count: 40)) COMMIT")
        #expect(try await Database.current.rowCounts()["auth_requests"] == 50)
    }

    /// The first writing of a transaction is not known before it.
    @Test func `nothing else is written within many, either`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var app = try await site.app()
        let requests = [try await portal.request(), try await portal.request()]
        let enrollment = try await withWorker(stages: [.issue, .enroll]) { _ in
            for request in requests { try await portal.waitUntilIssued(request) }
            return try await app.enroll("alice")
        }
        try await portal.execute("\(savepoints(18)) SELECT countersign.cancel_request('\(requests[0])')")
        for call in ["cancel_request", "collect_otp"] {
            try await refuses("SELECT countersign.\(call)('\(requests[1])')", &portal)
        }
        try await app.execute(savepoints(18))
        let scan: [Parameter] = [.identifier(enrollment), .text(Code.invented()), .text("scan")]
        #expect(try await result(of: app.run(SQL.submit, scan)[0].identifier(0), &app).0 == "pending")
        let told = try await result(of: app.run(SQL.submit, scan)[0].identifier(0), &app)
        #expect(told.0 == "rejected" && told.1 == "too_many_waiting")
        #expect(told.2?.contains("at most 16 are allowed") == true)
        try await refuses(
            "INSERT INTO countersign.enrollments (user_id, device_id) VALUES ('bob', 'phone')", &app)
    }

    /// Each look reads those of all sessions: a neighbour that holds thousands would pay for every row of a batch.
    @Test func `the server's locks are not read for each row of a statement`() async throws {
        let site = try await Site.make()
        var session = try await ExplainingSession.open(as: site.appLogin)
        let cost = try await session.cost(
            of: """
                INSERT INTO countersign.submissions (enrollment_id, otp, action)
                SELECT gen_random_uuid(), repeat('A', 64), 'scan' FROM generate_series(1, 20)
                """)
        #expect(cost.plans.contains("pg_lock_status"))
        // With the second row and the eighteenth.
        #expect(cost.calls["pg_lock_status"] == 2)
    }

    private func refuses(_ sql: String, _ connection: inout Connection) async throws {
        let error = try #require(try await connection.refusal(of: sql))
        #expect(error.state == "CS008" && error.message.contains("at most 16 are allowed"))
        try await connection.execute("ROLLBACK TO s18")
    }

    private func result(
        of submission: Identifier, _ app: inout Connection
    ) async throws -> (String, String?, String?) {
        let statement = Statement(
            "result in full",
            "SELECT result, reason, detail FROM countersign.submission_results WHERE submission_id = $1")
        let row = try await app.run(statement, [.identifier(submission)])[0]
        return (try row.text(0), try row.optionalText(1), try row.optionalText(2))
    }
}
