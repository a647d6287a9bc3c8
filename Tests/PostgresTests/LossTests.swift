import Postgres
import Support
import Synchronization
import Testing

@Suite(.emptyDatabase)
struct LossTests {
    private let one = Statement("one", "SELECT 1")

    private func terminate(_ processID: Int32) async throws {
        var connection = try await Database.current.connect()
        let statement = Statement("terminate", "SELECT pg_terminate_backend($1, 10000)")
        #expect(try await connection.run(statement, [.int32(processID)])[0].bool(0))
    }

    @Test
    func `an idle one notices by itself, and every use fails from then on`() async throws {
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

    /// What stands between acknowledges what it swallows, so that TCP knows nothing of it.
    @Test
    func `an answer that never comes gives it up`() async throws {
        let isSilent = Mutex(false)
        try await Proxy.run(before: Database.current.port) { _, _, _ in
            isSilent.withLock(\.self) ? .swallow : .pass
        } _: { proxy in
            var options = Database.current.options(port: proxy.port)
            options.limitStatements(to: .milliseconds(100))
            var connection = try await Connection.open(options)
            try await connection.run(one)
            isSilent.withLock { $0 = true }
            let error = await #expect(throws: PostgresError.self) { try await connection.run(one) }
            #expect(error?.state == "08006" && error?.message == "the server does not answer")
            #expect(connection.isUsable == false)
        }
    }

    @Test
    func `one that cannot write is given up, and says why`() async throws {
        var options = Database.current.ownerOptions
        options.settings["default_transaction_read_only"] = "on"
        var connection = try await Connection.open(options)
        let write = Statement("write", "CREATE TABLE t (a int)")
        let error = await #expect(throws: PostgresError.self) { try await connection.run(write) }
        #expect(error?.state == "25006" && connection.isUsable == false)
        options.needsWrites = true
        await #expect {
            _ = try await Connection.open(options)
        } throws: {
            ($0 as? PostgresError)?.message.contains("session is read-only") == true
        }
    }

    @Test
    func `one killed in a query says so`() async throws {
        var connection = try await Database.current.connect()
        let processID = connection.processID
        async let termination: Void = { [self] in
            var other = try await Database.current.connect()
            let state = Statement(
                "state", "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'")
            try await eventually("the query runs") {
                try await other.run(state, [.int32(processID)])[0].int(0) == 1
            }
            try await terminate(processID)
        }()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.execute("SELECT pg_sleep(60)")
        }
        try await termination
        #expect(error?.state == "57P01")
        #expect(connection.isUsable == false)
    }

    @Test
    func `one killed in the middle of a pipeline does not hang`() async throws {
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

    @Test
    func `cancelling the task does not cancel the query, nor fail it`() async throws {
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

    @Test
    func `a server that does not answer is given up`() async throws {
        var connection = try await Database.current.connect()
        let start = ContinuousClock.now
        let error = await #expect(throws: PostgresError.self) {
            try await connection.execute("SELECT pg_sleep(60)", within: .milliseconds(100))
        }
        #expect(error?.message == "the server does not answer")
        #expect(error?.isConnectionLoss == true)
        #expect(connection.isUsable == false)
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test
    func `an answered probe leaves everything as it was`() async throws {
        var connection = try await Database.current.connect()
        try await connection.probe(within: .seconds(10))
        #expect(connection.isIdle == true)
        try await connection.transaction { try await $0.probe(within: .seconds(10)) }
    }

    @Test
    func `passwords are hashed for the server as it would do it`() async throws {
        var connection = try await Database.current.connect()
        let verifier = try await connection.encryptPassword("geheim", user: "anna")
        #expect(verifier.hasPrefix("SCRAM-SHA-256$4096:"))
        #expect(!verifier.contains("geheim"))
        await #expect(throws: PostgresError.self) {
            try await connection.encryptPassword("a\0b", user: "anna")
        }
        let login = quotedIdentifier(Database.current.unique("scram"))
        try await connection.execute("CREATE ROLE \(login) PASSWORD '\(verifier)'; DROP ROLE \(login)")
    }
}

/// Returns when the task is cancelled.
func cancellation() async {
    let never = AsyncStream<Never> { _ in }
    for await _ in never {}
}
