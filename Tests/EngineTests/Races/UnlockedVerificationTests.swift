import Countersign
import Dispatch
import Engine
import OpenPGP
import Postgres
import Support
import Synchronization
import Testing

/// Signatures are verified while nothing in the database is held, whatever happens there meanwhile.
@Suite(.database) struct UnlockedVerificationTests {
    /// An enrolled phone and the code of an issued request.
    private func prepare(
        _ site: Site
    ) async throws -> (phone: SQLPhone, transaction: Identifier, code: String) {
        try await withWorker(stages: [.enroll, .issue]) { _ in
            var app = try await site.app()
            var portal = try await site.portal()
            let phone = try await SQLPhone.enroll("alice", &app)
            let issued = try await portal.issued()
            return (phone, issued.transaction, issued.code)
        }
    }

    @Test func `no transaction is open, and who is revoked meanwhile comes too late`() async throws {
        let site = try await Site.make(signed: true)
        let (phone, transaction, code) = try await prepare(site)
        var app = try await site.app()
        var portal = try await site.portal()
        let id = try await app.run(SQL.submitText, phone.submission(.accept, code).parameters)[0].identifier(
            0)
        let options = try await Database.current.stageOptions()
        let held = HeldThread()
        async let batch: Void = run(
            ValidateStage(try held.threads(), .ofTests), try await Connection.open(options))
        try await held.untilItVerifies()
        var superuser = try await Database.current.connectAsSuperuser()
        let open = """
            SELECT count(*) FROM pg_stat_activity WHERE application_name = 'countersign stage' AND datname = current_database()
              AND xact_start IS NOT NULL
            """
        #expect(try await superuser.execute(open)[0].int(0) == 0)
        let free = "SELECT count(*) FROM (SELECT FROM countersign.validate_queue FOR UPDATE SKIP LOCKED) q"
        #expect(try await superuser.execute(free)[0].int(0) == 1)
        try await superuser.execute("SELECT countersign.revoke_enrollment('\(phone.enrollment)')")
        held.release()
        try await batch
        #expect(try await app.outcome(id).optionalText(1) == "enrollment_revoked")
        #expect(try await portal.status(transaction) == "issued")
    }

    /// Its lease has ended, so that another worker takes the row, too: one verdict, one end, one event.
    @Test func `two who verify one answer give it one end`() async throws {
        let site = try await Site.make(signed: true)
        let (phone, transaction, code) = try await prepare(site)
        var app = try await site.app()
        var portal = try await site.portal()
        let id = try await app.run(SQL.submitText, phone.submission(.accept, code).parameters)[0].identifier(
            0)
        let options = try await Database.current.stageOptions()
        let held = HeldThread()
        async let slow: Void = run(
            ValidateStage(try held.threads(), .ofTests), try await Connection.open(options))
        try await held.untilItVerifies()
        var second = try await Connection.open(options)
        var stage = ValidateStage(try CryptoThreads(size: 1), .ofTests)
        #expect(try await stage.runBatch(&second, prelude: [], limit: 10).outcome.rows == 0)
        #expect(try await portal.status(transaction) == "issued")
        try await Database.current.arrange(
            "UPDATE countersign.validate_queue SET leased_until = clock_timestamp() - interval '1 s'")
        #expect(try await stage.runBatch(&second, prelude: [], limit: 10).outcome.rows == 1)
        held.release()
        try await slow
        #expect(try await app.outcome(id).text(0) == "accepted")
        #expect(try await portal.status(transaction) == "authenticated")
        for table in ["webhook_deliveries", "dispatch_queue", "events WHERE type = 'request.authenticated'"] {
            #expect(
                try await Database.current.count("SELECT count(*) FROM countersign.\(table)") == 1, "\(table)"
            )
        }
    }

    /// What was checked with nothing, for the enrollment was pending, is checked again when it is active.
    @Test func `an enrollment that becomes active meanwhile is not refused`() async throws {
        let site = try await Site.make(signed: true)
        let (phone, transaction, code) = try await prepare(site)
        var app = try await site.app()
        var portal = try await site.portal()
        try await Database.current.arrange("UPDATE countersign.enrollments SET status = 'pending'")
        _ = try await app.run(SQL.submitText, phone.submission(.accept, code).parameters)
        let options = try await Database.current.stageOptions()
        var connection = try await Connection.open(options)
        try await Database.current.arrangeAsSuperuser(
            """
            CREATE FUNCTION public.activate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN UPDATE countersign.enrollments SET status = 'active'; RETURN NULL; END $$;
            CREATE TRIGGER activate AFTER UPDATE ON countersign.validate_queue
                FOR EACH STATEMENT EXECUTE FUNCTION public.activate();
            """)
        var stage = ValidateStage(try CryptoThreads(size: 1), .ofTests)
        #expect(try await stage.runBatch(&connection, prelude: [], limit: 10).outcome.rows == 0)
        try await Database.current.arrange("UPDATE countersign.validate_queue SET leased_until = NULL")
        #expect(try await stage.runBatch(&connection, prelude: [], limit: 10).outcome.rows == 1)
        #expect(try await portal.status(transaction) == "authenticated")
    }

    /// Two loops on one backlog share it: whatever one has leased the other passes over.
    @Test func `no row is leased twice at a time`() async throws {
        let site = try await Site.make(signed: true)
        let (phone, _, code) = try await prepare(site)
        var app = try await site.app()
        for _ in 0..<6 {
            // Of requests that nobody knows, so that each is a row of its own.
            var submission = try phone.submission(.scan, code)
            submission.code = Code.invented()
            _ = try await app.run(SQL.submitText, submission.parameters)
        }
        let options = try await Database.current.stageOptions()
        let held = HeldThread()
        async let first: Void = run(
            ValidateStage(try held.threads(), .ofTests), try await Connection.open(options), limit: 4)
        try await held.untilItVerifies()
        var second = try await Connection.open(options)
        var stage = ValidateStage(try CryptoThreads(size: 1), .ofTests)
        #expect(try await stage.runBatch(&second, prelude: [], limit: 10).outcome.rows == 2)
        held.release()
        try await first
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.validate_queue") == 0)
    }

    private func run(
        _ stage: ValidateStage, _ connection: consuming Connection, limit: Int = 10
    ) async throws {
        var stage = stage
        var connection = connection
        _ = try await stage.runBatch(&connection, prelude: [], limit: limit)
    }
}

/// Threads of which one stands still in the midst of its first verification until it is released.
private final class HeldThread: Sendable {
    private let reached = Signal()
    private let gate = DispatchSemaphore(value: 0)
    private let isReleased = Atomic(false)

    func threads() throws -> CryptoThreads {
        try CryptoThreads(size: 1) {
            if !self.isReleased.load(ordering: .sequentiallyConsistent) {
                self.reached.fire()
                self.gate.wait()
            }
            return OpenPGPContext.systemTime()
        }
    }

    func untilItVerifies() async throws { try await reached.wait() }

    func release() {
        isReleased.store(true, ordering: .sequentiallyConsistent)
        gate.signal()
    }
}
