import Countersign
import Engine
import OpenPGP
import Postgres
import Support
import Synchronization
import Testing

/// What costs too much or fails is set aside alone, and stops nobody else.
@Suite(.database) struct SetAsideTests {
    /// So many microseconds that one look at a signature uses them up.
    private static let oneEach = CryptoBudget(user: 1, app: .max, batch: .max)

    @Test func `a user over budget waits, and others of the app do not`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        var connection = try await Connection.open(try await Database.current.stageOptions())
        let phones = try await withWorker(stages: [.enroll]) { _ in
            [try await SQLPhone.enroll("mallory", &app), try await SQLPhone.enroll("bob", &app)]
        }
        var ids: [[Identifier]] = [[], []]
        for phone in [0, 0, 0, 0, 1] {
            let submission = try phones[phone].submission(.scan, Code.invented())
            ids[phone].append(try await app.run(SQL.submitText, submission.parameters)[0].identifier(0))
        }
        var stage = ValidateStage(try CryptoThreads(size: 1), .ofTests, budget: Self.oneEach)
        let (_, outcome) = try await stage.runBatch(&connection, prelude: [], limit: 10)
        #expect(outcome.rows == 2)
        #expect(try #require(outcome.due) <= .milliseconds(100))
        #expect(try await app.outcome(ids[0][0]).optionalText(1) == "unknown_code")
        #expect(try await app.outcome(ids[1][0]).optionalText(1) == "unknown_code")
        let deferred = """
            SELECT count(*) FROM countersign.validate_queue
            WHERE leases = 0 AND attempts = 0 AND leased_until < clock_timestamp() + interval '1 s'
            """
        #expect(try await Database.current.count(deferred) == 3)
        for left in [2, 1, 0] {
            try await Database.current.arrange(
                "UPDATE countersign.validate_queue SET leased_until = clock_timestamp() - interval '1 s'")
            _ = try await stage.runBatch(&connection, prelude: [], limit: 10)
            #expect(
                try await Database.current.count("SELECT count(*) FROM countersign.validate_queue") == left)
        }
    }

    /// Of an app's budget what is left over is taken at once.
    @Test func `an app over budget gets the rest in the next batch`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        var connection = try await Connection.open(try await Database.current.stageOptions())
        let phone = try await withWorker(stages: [.enroll]) { _ in try await SQLPhone.enroll("alice", &app)
        }
        for _ in 0..<3 {
            _ = try await app.run(
                SQL.submitText, phone.submission(.scan, Code.invented()).parameters)
        }
        let budget = CryptoBudget(user: .max, app: 1, batch: .max)
        var stage = ValidateStage(try CryptoThreads(size: 1), .ofTests, budget: budget)
        var (rows, more): ([Int], [Bool]) = ([], [])
        for _ in 0..<3 {
            let outcome = try await stage.runBatch(&connection, prelude: [], limit: 10).outcome
            rows.append(outcome.rows)
            more.append(outcome.full)
        }
        #expect(rows == [1, 1, 1])
        #expect(more == [true, true, false])
    }

    /// The server's secret key of one enrollment does not open: nothing can be signed for it.
    @Test func `one row that fails stops none of its batch`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        var portal = try await site.portal()
        let (bad, good) = try await withWorker(stages: [.enroll]) { _ in
            (try await SQLPhone.enroll("mallory", &app), try await SQLPhone.enroll("bob", &app))
        }
        try await Database.current.arrange(
            """
            UPDATE countersign.server_keys k SET secret_key = '\\x0102' FROM countersign.enrollments e
            WHERE e.server_key_id = k.server_key_id AND e.user_id = 'mallory'
            """)
        let secret = """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri, secure_message)
            SELECT 'qr-code', '\(Site.callback)', 'for your eyes' FROM generate_series(1, 2) RETURNING transaction_id
            """
        let requests = try await portal.execute(secret).map { try $0.identifier(0) }
        let codes = try await withWorker(stages: [.issue]) { _ in
            [try await portal.code(requests[0]), try await portal.code(requests[1])]
        }
        let sent = try await app.run(SQL.submitText, bad.submission(.scan, codes[0]).parameters)
        let failing = try sent[0].identifier(0)
        let fine = try await app.run(SQL.submitText, good.submission(.scan, codes[1]).parameters)
        var connection = try await Connection.open(try await Database.current.stageOptions())
        var stage = ValidateStage(try CryptoThreads(size: 1), .ofTests)
        await #expect(throws: SealingError.self) {
            try await stage.runBatch(&connection, prelude: [], limit: 10)
        }
        let isIdle = connection.isIdle
        #expect(isIdle)
        #expect(stage.suspects == [failing])
        #expect(try await app.outcome(fine[0].identifier(0)).text(0) == "accepted")
        try await withWorker(stages: [.validate]) { _ in
            let reason = try await app.outcome(failing).optionalText(1)
            #expect(reason == "malformed")
        }
        #expect(try await portal.status(requests[1]) == "scanned")
    }

    /// A row that ends its workers is tried alone after two of them, and given up after ten.
    @Test(arguments: [(3, "unknown_code"), (9, "malformed")] as [(Int, String)])
    func `a row whose leases nobody ended is tried alone`(_ leases: Int, _ reason: String) async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        let phone = try await withWorker(stages: [.enroll]) { _ in try await SQLPhone.enroll("alice", &app)
        }
        let sent = try await app.run(SQL.submitText, phone.submission(.scan, Code.invented()).parameters)
        try await Database.current.arrange(
            """
            UPDATE countersign.validate_queue
            SET leases = \(leases), leased_until = clock_timestamp() - interval '1 s'
            """)
        var connection = try await Connection.open(try await Database.current.stageOptions())
        var stage = ValidateStage(try CryptoThreads(size: 1), .ofTests)
        #expect(try await stage.runBatch(&connection, prelude: [], limit: 10).outcome.rows == 0)
        let alone = "SELECT count(*) FROM countersign.validate_queue WHERE attempts = 1"
        #expect(try await Database.current.count(alone) == 1)
        try await Database.current.arrange("UPDATE countersign.validate_queue SET leased_until = NULL")
        try await withWorker(stages: [.validate]) { _ in
            let found = try await app.outcome(sent[0].identifier(0)).optionalText(1)
            #expect(found == reason)
        }
    }

    /// One code, submitted by one user again and again, costs one look at a signature in each batch.
    @Test func `of the submissions of one open request one is verified`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        var portal = try await site.portal()
        let (phone, code) = try await withWorker(stages: [.enroll, .issue]) { _ in
            (try await SQLPhone.enroll("alice", &app), try await portal.issued().code)
        }
        for offset in 0..<5 {
            let submission = try phone.submission(.scan, code, at: .seconds(-offset))
            _ = try await app.run(SQL.submitText, submission.parameters)
        }
        let looks = Looks()
        var connection = try await Connection.open(try await Database.current.stageOptions())
        var stage = ValidateStage(try CryptoThreads(size: 1) { looks.time() }, .ofTests)
        for look in 1...5 {
            #expect(try await stage.runBatch(&connection, prelude: [], limit: 10).outcome.rows == 1)
            #expect(looks.count == look)
        }
    }

    @Test func `nothing is verified for an enrollment that was revoked`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        let phone = try await withWorker(stages: [.enroll]) { _ in try await SQLPhone.enroll("alice", &app) }
        let submission = try phone.submission(.scan, Code.invented())
        let sent = try await app.run(SQL.submitText, submission.parameters)
        try await Database.current.arrange("SELECT countersign.revoke_enrollment('\(phone.enrollment)')")
        let looks = Looks()
        var connection = try await Connection.open(try await Database.current.stageOptions())
        var stage = ValidateStage(try CryptoThreads(size: 1) { looks.time() }, .ofTests)
        #expect(try await stage.runBatch(&connection, prelude: [], limit: 10).outcome.rows == 1)
        #expect(try await app.outcome(sent[0].identifier(0)).optionalText(1) == "enrollment_revoked")
        #expect(looks.count == 0)
    }

    /// This machine's clock is wrong by ten minutes; the database's is right.
    @Test func `keys and signatures are judged by the database's time`() async throws {
        let site = try await Site.make(signed: true)
        var app = try await site.app()
        var portal = try await site.portal()
        let clock = DatabaseClock()
        clock.set(Timestamp.now().advanced(by: .seconds(-600)))
        let pair = try OpenPGPContext(capacity: 1).generateKeyPair(userID: "alice")
        let id = try await app.run(SQL.enrollKey, ["alice", "phone", .text(pair.publicKey)])[0].identifier(0)
        var connection = try await Connection.open(try await Database.current.stageOptions())
        let threads = try CryptoThreads(size: 1) { clock.seconds }
        var enroll = EnrollStage(threads, .ofTests, clock: clock)
        #expect(try await enroll.runBatch(&connection, prelude: [], limit: 10).outcome.rows == 1)
        #expect(try await app.run(SQL.enrollment, [.identifier(id)])[0].text(0) == "active")
        clock.set(Timestamp.now().advanced(by: .seconds(-600)))
        let (transaction, code) = try await withWorker(stages: [.issue]) { _ in try await portal.issued()
        }
        let phone = SQLPhone(keys: pair, enrollment: id, context: try OpenPGPContext(capacity: 1))
        _ = try await app.run(SQL.submitText, phone.submission(.accept, code).parameters)
        var validate = ValidateStage(threads, .ofTests, clock: clock)
        #expect(try await validate.runBatch(&connection, prelude: [], limit: 10).outcome.rows == 1)
        #expect(try await portal.status(transaction) == "authenticated")
    }
}

/// Counts how often OpenPGP asks for the time: once for each signature.
private final class Looks: Sendable {
    private let asked = Atomic(0)

    var count: Int { asked.load(ordering: .relaxed) }

    func time() -> UInt64 {
        asked.add(1, ordering: .relaxed)
        return OpenPGPContext.systemTime()
    }
}
