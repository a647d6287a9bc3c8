@testable import Engine
import Postgres
import Support
import Testing

/// Ten wrong codes in ten minutes lock an enrollment for ten minutes. The request is not harmed.
@Suite(.database) struct LockoutTests {
    private func wrongCodes(_ count: Int, _ enrollment: Identifier, _ app: inout Connection) async throws {
        for _ in 0..<count {
            #expect(try await app.submit(enrollment, Code.invented(), "scan").reason == "unknown_code")
        }
    }

    /// As if what is stored about wrong codes had happened earlier.
    private func letPass(_ interval: String) async throws {
        try await Database.current.arrange(
            """
            UPDATE countersign.enrollments SET locked_until = locked_until - interval '\(interval)',
                wrong_codes = ARRAY(SELECT t - interval '\(interval)' FROM unnest(wrong_codes) WITH ORDINALITY
                                    AS w (t, n) ORDER BY n)
            """)
    }

    @Test func `ten lock, new and right codes do not reset the count, others go on`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let other = try await app.enroll("bob")
            let first = try await portal.issued()
            try await wrongCodes(5, enrollment, &app)
            #expect(try await app.submit(enrollment, first.code, "accept").result == "accepted")
            let (transaction, code) = try await portal.issued()
            try await wrongCodes(4, enrollment, &app)
            #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
            let guess = Code.invented(for: transaction)
            #expect(try await app.submit(enrollment, guess, "accept").reason == "unknown_code")

            let (third, free) = try await portal.issued()
            for action in ["scan", "accept", "deny"] {
                #expect(try await app.submit(enrollment, free, action).reason == "locked_out")
                #expect(try await app.submit(enrollment, code, action).reason == "locked_out")
            }
            #expect(try await portal.status(transaction) == "scanned")
            #expect(try await app.submit(other, free, "accept").result == "accepted")
            #expect(try await portal.status(third) == "authenticated")
            #expect(try await lockedEvents() == 1)
        }
    }

    private func lockedEvents() async throws -> Int {
        var owner = try await Database.current.connect()
        let sql = "SELECT count(*) FROM countersign.events WHERE type = 'enrollment.locked'"
        return try await owner.execute(sql)[0].int(0)
    }

    @Test func `the lock ends after ten minutes, and wrong codes while locked do not lengthen it`()
        async throws
    {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (_, code) = try await portal.issued()
            try await wrongCodes(10, enrollment, &app)
            try await letPass("9 min")
            for wrong in [Code.invented(), code] {
                #expect(try await app.submit(enrollment, wrong, "scan").reason == "locked_out")
            }
            try await letPass("1 min")
            try await wrongCodes(1, enrollment, &app)
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
        }
    }

    @Test func `nine in ten minutes do not lock, though there were more before`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (_, code) = try await portal.issued()
            try await wrongCodes(6, enrollment, &app)
            try await letPass("10 min 1 s")
            try await wrongCodes(9, enrollment, &app)
            #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
            try await wrongCodes(1, enrollment, &app)
            #expect(try await app.submit(enrollment, code, "accept").reason == "locked_out")
        }
    }

    /// A batch is judged one after the other.
    @Test func `many in one statement are no more than ten tries`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            let codes = (0..<30).map { _ in Code.invented() } + [code]
            let insert = Statement(
                "submit many",
                """
                INSERT INTO countersign.submissions (enrollment_id, otp, action)
                SELECT $1, o, 'accept' FROM unnest($2::text[]) AS o
                """)
            try await app.run(insert, [.text(enrollment.description), .texts(codes)])
            let reasons = "SELECT reason FROM countersign.submission_results ORDER BY submission_id"
            try await eventually("all are judged") {
                try await app.execute("\(reasons)").allSatisfy { try $0.optionalText(0) != nil }
            }
            let judged = try await app.execute(reasons).map { try $0.text(0) }
            #expect(judged.prefix(10).allSatisfy { $0 == "unknown_code" })
            #expect(judged.dropFirst(10).count == 21)
            #expect(judged.dropFirst(10).allSatisfy { $0 == "locked_out" })
            #expect(try await portal.status(transaction) == "issued")
        }
    }

    /// Two workers with wrong codes of the same enrollment in their batches.
    @Test func `counts of two workers at the same time add up`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let enrollment = try await app.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
        let five = AddWrongCodes(counts: [enrollment: 5])
        var first = try await Database.current.connect()
        try await first.execute("BEGIN")
        try await first.run(five)
        let options = Database.current.ownerOptions
        async let second: Void = {
            var connection = try await Connection.open(options)
            try await connection.run(five)
        }()
        try await Database.current.waitForBlockedSession()
        try await first.execute("COMMIT")
        try await second
        let sql = "SELECT cardinality(wrong_codes), locked_until > now() FROM countersign.enrollments"
        let row = try await first.execute(sql)[0]
        #expect(try row.int(0) == 10)
        #expect(try row.optionalBool(1) == true)
    }
}
