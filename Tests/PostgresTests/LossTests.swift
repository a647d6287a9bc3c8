import Postgres
import Support
import Testing

@Suite("Lost connections", .emptyDatabase)
struct LossTests {
    private let one = Statement("one", "SELECT 1")

    private func terminate(_ processID: Int32) async throws {
        var connection = try await Database.current.connect()
        let statement = Statement("terminate", "SELECT pg_terminate_backend($1, 10000)")
        #expect(try await connection.run(statement, [.int32(processID)])[0].bool(0))
    }

    @Test("an idle one notices by itself, and every use fails from then on")
    func idle() async throws {
        var connection = try await Database.current.connect()
        try await terminate(connection.processID)
        try await eventually("the connection notices") { !connection.isUsable }
        for _ in 0..<2 {
            await #expect {
                try await connection.run(one)
            } throws: {
                let error = $0 as? PostgresError
                return error?.isConnectionLoss == true && error?.state == "57P01"
            }
        }
        await #expect(throws: PostgresError.self) { try await connection.execute("SELECT 1") }
        await #expect(throws: PostgresError.self) { try await connection.notifications() }
    }

    @Test("one killed in a query says so")
    func busy() async throws {
        var connection = try await Database.current.connect()
        let processID = connection.processID
        async let termination: Void = { [self] in
            var other = try await Database.current.connect()
            let state = Statement(
                "state", "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'")
            try await eventually("the query runs") { try await other.run(state, [.int32(processID)])[0].int(0) == 1 }
            try await terminate(processID)
        }()
        let error = await #expect(throws: PostgresError.self) { try await connection.execute("SELECT pg_sleep(60)") }
        try await termination
        #expect(error?.state == "57P01")
        #expect(connection.isUsable == false)
    }

    @Test("one killed in the middle of a pipeline does not hang")
    func pipeline() async throws {
        var connection = try await Database.current.connect()
        let die = Statement("die", "SELECT pg_terminate_backend(pg_backend_pid())")
        let echo = Statement("echo", "SELECT $1::bytea")
        let steps = [Step](repeating: Step(echo, [.bytes([UInt8](repeating: 1, count: 8_192))]), count: 500)
        let error = await #expect(throws: PostgresError.self) {
            try await connection.pipeline(steps + [Step(die)] + steps)
        }
        #expect(error?.isConnectionLoss == true)
        #expect(connection.isUsable == false)
    }

    @Test("cancelling the task does not cancel the query, nor fail it")
    func cancelledQuery() async throws {
        let database = Database.current
        let ready = Signal()
        let task = Task {
            var connection = try await database.connect()
            ready.fire()
            await cancellation()
            let slow = Statement("slow", "SELECT 7 FROM pg_sleep(0.2)")
            return try await connection.run(slow)[0].int(0)
        }
        try await ready.wait()
        task.cancel()
        #expect(try await task.value == 7)
    }

    @Test("a server that does not answer is given up")
    func unanswered() async throws {
        var connection = try await Database.current.connect()
        let start = ContinuousClock.now
        let error = await #expect(throws: PostgresError.self) {
            try await connection.execute("SELECT pg_sleep(60)", within: .milliseconds(100))
        }
        #expect(error?.message == "the server does not answer")
        #expect(error?.isConnectionLoss == true)
        #expect(connection.isUsable == false)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test("an answered probe leaves everything as it was")
    func probe() async throws {
        var connection = try await Database.current.connect()
        try await connection.probe(within: .seconds(10))
        #expect(connection.isIdle == true)
        try await connection.transaction { try await $0.probe(within: .seconds(10)) }
    }

    @Test("passwords are hashed for the server as it would do it")
    func password() async throws {
        var connection = try await Database.current.connect()
        let verifier = try await connection.encryptPassword("geheim", user: "anna")
        #expect(verifier.hasPrefix("SCRAM-SHA-256$4096:"))
        #expect(!verifier.contains("geheim"))
        await #expect(throws: PostgresError.self) { try await connection.encryptPassword("a\0b", user: "anna") }
        let login = quotedIdentifier(Database.current.unique("scram"))
        let set = "CREATE ROLE \(login) PASSWORD '\(verifier)'; DROP ROLE \(login)"
        try await connection.execute(set)
    }
}

@Suite("Sessions", .emptyDatabase)
struct SessionTests {
    private let one = Statement("one", "SELECT 1")

    @Test("keep their connection, and prepare it when it is new")
    func reuse() async throws {
        let opened = Signal()
        var session = Session(Database.current.ownerOptions) { connection in
            try await connection.execute("SET application_name = 'prepared'")
            opened.fire()
        }
        let setting = Statement("setting", "SELECT current_setting('application_name'), pg_backend_pid()")
        let rows = try await session.withConnection { try await $0.run(setting) }
        let again = try await session.withConnection { try await $0.run(setting) }
        #expect(try rows[0].text(0) == "prepared")
        #expect(try rows[0].int(1) == again[0].int(1))
        #expect(opened.count == 1)
    }

    @Test("open another when it is lost, and tell who had it")
    func loss() async throws {
        let opened = Signal()
        var session = Session(Database.current.ownerOptions) { _ in opened.fire() }
        await #expect(throws: PostgresError.self) {
            try await session.withConnection { try await $0.execute("SELECT pg_terminate_backend(pg_backend_pid())") }
        }
        #expect(try await session.withConnection { try await $0.run(one)[0].int(0) } == 1)
        #expect(opened.count == 2)
    }

    @Test("open another after a body that left a transaction open")
    func openTransaction() async throws {
        let opened = Signal()
        var session = Session(Database.current.ownerOptions) { _ in opened.fire() }
        try await session.withConnection { _ = try await $0.execute("BEGIN") }
        try await session.withConnection { _ = try await $0.run(one) }
        #expect(opened.count == 2)
    }

    @Test("wait for a server until they are cancelled")
    func cancellation() async throws {
        let options = Database.current.ownerOptions
        var elsewhere = ConnectionOptions(url: "host=/nowhere", environment: [:])
        elsewhere.logger = options.logger
        let capture = LogCapture.current
        let task = Task { [elsewhere] in
            var session = Session(elsewhere)
            try await session.withConnection { _ in }
        }
        try await eventually("it tries more than once") {
            capture.lines.count { $0.contains("cannot reach the database") } > 1
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("what preparing throws comes out")
    func preparation() async throws {
        struct Mishap: Error {}
        var session = Session(Database.current.ownerOptions) { _ in throw Mishap() }
        await #expect(throws: Mishap.self) { try await session.withConnection { _ in } }
    }
}

/// Returns when the task is cancelled.
func cancellation() async {
    let never = AsyncStream<Never> { _ in }
    for await _ in never {}
}
