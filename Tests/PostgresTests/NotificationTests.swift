import Postgres
import Support
import Testing

@Suite(.emptyDatabase)
struct NotificationTests {
    private func notify(_ channel: String, _ payloads: String...) async throws {
        var connection = try await Database.current.connect()
        let statement = Statement("notify", "SELECT pg_notify($1, $2)")
        for payload in payloads { try await connection.run(statement, [.text(channel), .text(payload)]) }
    }

    @Test
    func `reach an idle connection, on channels of any name`() async throws {
        var connection = try await Database.current.connect()
        let channel = "Some \"odd\" Name ä"
        try await connection.listen(to: [channel])
        async let sent: Void = notify(channel, "hello")
        let received = try await connection.notifications(until: .now + .seconds(10))
        try await sent
        #expect(received.map(\.payload) == ["hello"])
        #expect(received.first?.channel == channel && received.first?.isGap == false)
    }

    @Test
    func `that come during queries are kept, in order`() async throws {
        var connection = try await Database.current.connect()
        try await connection.listen(to: ["c"])
        let sleep = Statement("sleep", "SELECT pg_sleep(0.05)")
        try await notify("c", "1", "2")
        try await connection.run(sleep)
        try await notify("c", "3")
        try await connection.execute("SELECT 1")
        try await connection.execute("NOTIFY c, '4'")
        var payloads: [String] = []
        while payloads.count < 4 {
            payloads += try await connection.notifications(until: .now + .seconds(10)).map(\.payload)
        }
        #expect(payloads == ["1", "2", "3", "4"])
    }

    @Test
    func `cease with UNLISTEN`() async throws {
        var connection = try await Database.current.connect()
        try await connection.listen(to: ["a", "b"])
        try await connection.listen(to: [], notTo: ["a"])
        try await notify("a", "no")
        try await notify("b", "yes")
        #expect(try await connection.notifications(until: .now + .seconds(10)).map(\.payload) == ["yes"])
    }

    @Test
    func `a wait ends at its deadline`() async throws {
        var connection = try await Database.current.connect()
        let deadline = ContinuousClock.now + .milliseconds(50)
        #expect(try await connection.notifications(until: deadline).isEmpty)
        #expect(ContinuousClock.now >= deadline)
    }

    @Test
    func `a wait ends with its task, and the connection goes on`() async throws {
        let database = Database.current
        let ready = Signal()
        let task = Task {
            var connection = try await database.connect()
            ready.fire()
            let received = try await connection.notifications()
            return (received.count, try await connection.run(Statement("one", "SELECT 1"))[0].int(0))
        }
        try await ready.wait()
        task.cancel()
        #expect(try await task.value == (0, 1))
    }

    @Test
    func `a wait ends by its waker, used before or during`() async throws {
        var connection = try await Database.current.connect()
        let waker = connection.waker
        waker.wake()
        #expect(try await connection.notifications().isEmpty)
        async let waking: Void = { waker.wake() }()
        #expect(try await connection.notifications().isEmpty)
        await waking
    }

    @Test
    func `more than are kept stay with the server until they are asked for, and queries go on`() async throws
    {
        var connection = try await Database.current.connect()
        try await connection.listen(to: ["c"])
        var other = try await Database.current.connect()
        for _ in 0..<10 {
            try await other.execute("SELECT pg_notify('c', i::text) FROM generate_series(1, 1000) i")
        }
        let one = Statement("one", "SELECT 1")
        for _ in 0..<3 { #expect(try await connection.run(one)[0].int(0) == 1) }
        var count = 0
        while count < 10_000 { count += try await connection.notifications(until: .now + .seconds(10)).count }
        #expect(count == 10_000)
        async let sent: Void = notify("c", "last")
        #expect(try await connection.notifications(until: .now + .seconds(10)).map(\.payload) == ["last"])
        try await sent
    }

    @Test
    func `a wait on a connection that dies fails`() async throws {
        var connection = try await Database.current.connect()
        let processID = connection.processID
        async let termination = {
            var other = try await Database.current.connect()
            return try await other.execute("SELECT pg_terminate_backend(\(processID))")
        }()
        let error = await #expect(throws: PostgresError.self) { try await connection.notifications() }
        _ = try await termination
        #expect(error?.state == "57P01")
    }
}
