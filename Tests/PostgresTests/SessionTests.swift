import Postgres
import Support
import Testing

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
            try await session.withConnection {
                try await $0.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            }
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
