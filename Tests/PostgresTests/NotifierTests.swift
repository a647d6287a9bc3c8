import Postgres
import Support
import Synchronization
import Testing

@Suite(.emptyDatabase)
struct NotifierTests {
    private func withNotifier(_ body: @escaping @Sendable (Notifier) async throws -> Void) async throws {
        let notifier = Notifier(Database.current.ownerOptions)
        try await withThrowingTaskGroup { group in
            group.addTask(name: "notifier") { await notifier.run() }
            group.addTask(name: "body") { try await body(notifier) }
            // The body ends first; the notifier only when cancelled.
            try await group.next()
            group.cancelAll()
        }
    }

    private func notify(_ channel: String, _ payload: String) async throws {
        var connection = try await Database.current.connect()
        let statement = Statement("notify", "SELECT pg_notify($1, $2)")
        try await connection.run(statement, [.text(channel), .text(payload)])
    }

    private func terminateListeners() async throws {
        var connection = try await Database.current.connect()
        try await connection.execute(
            """
            SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE datname = current_database() AND query LIKE 'LISTEN%'
            """)
    }

    @Test
    func `tells that it listens, then what is sent`() async throws {
        try await withNotifier { notifier in
            var hints = notifier.subscribe("a").makeAsyncIterator()
            #expect(await hints.next()?.isGap == true)
            try await notify("a", "x")
            #expect(await hints.next()?.payload == "x")
        }
    }

    @Test
    func `takes new channels while it runs, and several subscribers to one`() async throws {
        try await withNotifier { notifier in
            var first = notifier.subscribe("a", buffering: 10).makeAsyncIterator()
            #expect(await first.next()?.isGap == true)
            var second = notifier.subscribe("a", buffering: 10).makeAsyncIterator()
            var other = notifier.subscribe("b", buffering: 10).makeAsyncIterator()
            #expect(await second.next()?.isGap == true)
            #expect(await other.next()?.isGap == true)
            try await notify("b", "1")
            try await notify("a", "2")
            #expect(await other.next()?.payload == "1")
            #expect(await first.next()?.payload == "2")
            #expect(await second.next()?.payload == "2")
        }
    }

    @Test
    func `ceases to listen when the last subscriber has gone`() async throws {
        try await withNotifier { notifier in
            var kept = notifier.subscribe("kept").makeAsyncIterator()
            #expect(await kept.next()?.isGap == true)
            let reading = Task { for await _ in notifier.subscribe("a") {} }
            let last = Statement(
                "last query",
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query = $1")
            var connection = try await Database.current.connect()
            try await eventually("it listens") {
                try await connection.run(last, [.text(#"LISTEN "a";"#)])[0].int(0) == 1
            }
            reading.cancel()
            try await eventually("it ceases") {
                try await connection.run(last, [.text(#"UNLISTEN "a";"#)])[0].int(0) == 1
            }
            try await notify("kept", "x")
            #expect(await kept.next()?.payload == "x")
        }
    }

    @Test
    func `comes back after its connection is killed, tells so, and loses nothing from then on`() async throws
    {
        try await withNotifier { notifier in
            var stream = notifier.subscribe("a", buffering: 100).makeAsyncIterator()
            #expect(await stream.next()?.isGap == true)
            for round in 0..<3 {
                try await terminateListeners()
                #expect(await stream.next()?.isGap == true)
                try await notify("a", "\(round)")
                #expect(await stream.next()?.payload == "\(round)")
            }
        }
        #expect(LogCapture.current.text.contains("not listening to the database"))
    }

    @Test
    func `delivers a burst in order and whole`() async throws {
        try await withNotifier { notifier in
            var stream = notifier.subscribe("a", buffering: 10_000).makeAsyncIterator()
            #expect(await stream.next()?.isGap == true)
            var connection = try await Database.current.connect()
            for _ in 0..<5 {
                try await connection.execute("SELECT pg_notify('a', i::text) FROM generate_series(1, 1000) i")
            }
            for number in 0..<5_000 {
                #expect(await stream.next()?.payload == "\(number % 1_000 + 1)")
            }
        }
    }

    private final class Heard: NotificationReceiver {
        let signal = Signal()
        private let state = Mutex<[[Notification]]>([])
        private let ended = Mutex(false)

        var batches: [[Notification]] { state.withLock(\.self) }
        var hasEnded: Bool { ended.withLock(\.self) }

        func receive(_ notifications: [Notification]) {
            state.withLock { $0.append(notifications) }
            signal.fire()
        }

        func end() { ended.withLock { $0 = true } }
    }

    @Test
    func `a receiver hears together what one commit has told on several channels`() async throws {
        let heard = Heard()
        try await withNotifier { notifier in
            for channel in ["a", "b", "a"] { notifier.listen(to: channel, for: heard) }
            try await eventually("it listens to both") { heard.batches.joined().count >= 2 }
            #expect(heard.batches.joined().allSatisfy(\.isGap) && heard.batches.joined().count == 2)
            let before = heard.batches.count
            var connection = try await Database.current.connect()
            try await connection.execute(
                "SELECT pg_notify('b', '1'), pg_notify('a', '2'), pg_notify('c', '3'), pg_notify('b', '4')")
            try await heard.signal.wait(for: before + 1)
            #expect(heard.batches.last?.map(\.payload) == ["1", "2", "4"])
        }
        #expect(heard.hasEnded)
    }

    private let hundred = """
        SELECT pg_notify('a', i::text) FROM generate_series(1, 100) i;
        SELECT pg_notify('b', 'done')
        """

    @Test
    func `an overflow is told`() async throws {
        try await withNotifier { [hundred] notifier in
            let stream = notifier.subscribe("a", buffering: 10)
            var other = notifier.subscribe("b", buffering: 10).makeAsyncIterator()
            #expect(await other.next()?.isGap == true)
            var connection = try await Database.current.connect()
            try await connection.execute(hundred)
            #expect(await other.next()?.payload == "done")
            var received: [Notification] = []
            for await notification in stream {
                received.append(notification)
                if received.count == 10 { break }
            }
            #expect(received.last?.isGap == true)
            #expect(received.contains { $0.payload == "100" })
        }
    }

    @Test
    func `hints are the newest only`() async throws {
        try await withNotifier { [hundred] notifier in
            let stream = notifier.subscribe("a")
            var other = notifier.subscribe("b", buffering: 10).makeAsyncIterator()
            #expect(await other.next()?.isGap == true)
            var connection = try await Database.current.connect()
            try await connection.execute(hundred)
            #expect(await other.next()?.payload == "done")
            var iterator = stream.makeAsyncIterator()
            #expect(await iterator.next()?.payload == "100")
        }
    }

    @Test
    func `ends every stream when it is cancelled`() async throws {
        let notifier = Notifier(Database.current.ownerOptions)
        let running = Task { await notifier.run() }
        var stream = notifier.subscribe("a").makeAsyncIterator()
        #expect(await stream.next()?.isGap == true)
        running.cancel()
        await running.value
        #expect(await stream.next() == nil)
    }

    @Test
    func `is cancelled at once while there is no server`() async {
        var options = ConnectionOptions(url: "host=/nowhere", environment: [:])
        options.logger = LogCapture.current.logger("postgres")
        let notifier = Notifier(options)
        let capture = LogCapture.current
        let running = Task { await notifier.run() }
        try? await eventually("it tries again") { capture.lines.count > 1 }
        running.cancel()
        await running.value
        #expect(capture.lines.count > 1)
    }
}
