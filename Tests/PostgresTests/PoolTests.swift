import Support
import Synchronization
import Testing

@testable import Postgres

@Suite(.emptyDatabase) struct PoolTests {
    private let ownPID = Statement("pid", "SELECT pg_backend_pid()")

    private func pool(_ size: Int, maxWaiting: Int = 100, patience: Duration = .seconds(20)) -> Pool {
        Pool(Database.current.ownerOptions, size: size, maxWaiting: maxWaiting, patience: patience)
    }

    @discardableResult
    private func processID(_ pool: Pool, for party: String = "") async throws -> Int {
        try await pool.withConnection(for: party) { try await $0.run(ownPID)[0].int(0) }
    }

    @Test func `a connection that comes back idle is lent again`() async throws {
        let pool = pool(2)
        #expect(try await processID(pool) == processID(pool))
    }

    @Test func `no more than its size are open, and all who wait are served`() async throws {
        let pool = pool(3)
        let processes = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<40 { group.addTask { try await self.processID(pool) } }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect((1...3).contains(processes.count))
    }

    @Test func `one that comes back with a transaction open is closed`() async throws {
        let pool = pool(1)
        let first = try await pool.withConnection { connection in
            try await connection.execute("BEGIN")
            return try await connection.run(ownPID)[0].int(0)
        }
        #expect(try await processID(pool) != first)
    }

    @Test func `one that was lost while it lay there is replaced`() async throws {
        let pool = pool(1)
        let first = try await processID(pool)
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("SELECT pg_terminate_backend(\(first), 10000)")
        try await eventually("its loss is noticed") {
            do { return try await processID(pool) != first } catch { return false }
        }
    }

    /// Each would take its user as long as a statement may take.
    @Test func `those that have fallen silent are found out before they are lent`() async throws {
        let network = FrozenNetwork()
        try await network.run(before: Database.current.port) { proxy in
            let pool = Pool(Database.current.options(port: proxy.port), size: 8, trusted: .zero)
            let before = try await processIDs(of: 8, pool)
            network.freeze()
            let begun = ContinuousClock.now
            let next = try await processID(pool)
            #expect(!before.contains(next))
            #expect(begun.duration(to: .now) >= Pool.signLimit)
            // One by one the seven others would take seven times the limit.
            let found = ContinuousClock.now
            let after = try await processIDs(of: 8, pool)
            #expect(after.isDisjoint(with: before))
            #expect(found.duration(to: .now) < Pool.signLimit * 5)
        }
    }

    /// Of so many connections that are lent at the same time.
    private func processIDs(of count: Int, _ pool: Pool) async throws -> Set<Int> {
        guard count > 0 else { return [] }
        return try await pool.withConnection { connection in
            let own = try await connection.run(ownPID)[0].int(0)
            return try await processIDs(of: count - 1, pool).union([own])
        }
    }

    @Test func `one in which nothing can be written is not kept`() async throws {
        var options = Database.current.ownerOptions
        options.settings["default_transaction_read_only"] = "on"
        let pool = Pool(options, size: 1)
        #expect(try await processID(pool) != processID(pool))
    }

    @Test func `a wait ends with its task, and the place goes to the next`() async throws {
        let pool = pool(1)
        let (holds, released) = (Signal(), Signal())
        let holder = Task {
            try await pool.withConnection { _ in
                holds.fire()
                try await released.wait()
            }
        }
        try await holds.wait()
        let waiter = Task { try await self.processID(pool) }
        let next = Task { try await self.processID(pool) }
        waiter.cancel()
        await #expect(throws: CancellationError.self) { try await waiter.value }
        released.fire()
        try await holder.value
        _ = try await next.value
    }

    @Test func `a wait is bounded in time and in number`() async throws {
        let pool = pool(1, maxWaiting: 1, patience: .milliseconds(50))
        let (holds, released) = (Signal(), Signal())
        let holder = Task {
            try await pool.withConnection { _ in
                holds.fire()
                try await released.wait()
            }
        }
        try await holds.wait()
        await #expect(throws: PoolExhausted.self) { try await self.processID(pool) }
        let none = self.pool(1, maxWaiting: 0)
        _ = try await none.withConnection { _ in
            await #expect(throws: PoolExhausted.self) { try await self.processID(none) }
        }
        released.fire()
        try await holder.value
        _ = try await processID(pool)
    }

    @Test func `failing to open gives the place back`() async throws {
        var options = Database.current.ownerOptions
        options.settings["no_such_setting"] = "1"
        let pool = Pool(options, size: 1, patience: .seconds(20))
        for _ in 0..<3 {
            await #expect(throws: PostgresError.self) { try await self.processID(pool) }
        }
    }

    @Test func `no party has more than half, and the last quarter is for who has none`() async throws {
        let pool = pool(4, patience: .milliseconds(20))
        try await pool.withConnection(for: "a") { _ in
            try await pool.withConnection(for: "a") { _ in
                await #expect(throws: PoolExhausted.self) { try await processID(pool, for: "a") }
                try await pool.withConnection(for: "b") { _ in
                    await #expect(throws: PoolExhausted.self) { try await processID(pool, for: "b") }
                    try await processID(pool, for: "c")
                }
            }
            try await processID(pool, for: "a")
        }
    }

    @Test func `who waits longest is not who waits most`() async throws {
        let place = Place()
        _ = try place.ask("a")
        let tasks = try ["a", "a", "a", "b", "c"].map { party in
            guard case .waits(let ticket, _) = try place.ask(party) else { throw PoolExhausted() }
            return Task { try await place.take(ticket) }
        }
        try await place.waits.wait(for: 5)
        place.release("a")
        for task in tasks { try await task.value }
        #expect(place.served.withLock(\.self) == ["b", "c", "a", "a", "a"])
    }

    @Test func `who comes again and again does not pass whoever waits`() async throws {
        let place = Place()
        _ = try place.ask("x")
        var waits = 0
        func wait(_ party: String) async throws -> Task<Void, any Error> {
            guard case .waits(let ticket, _) = try place.ask(party) else { throw PoolExhausted() }
            let task = Task { try await place.wait(ticket) }
            waits += 1
            try await place.waits.wait(for: waits)
            return task
        }
        let (x, y, z) = (try await wait("x"), try await wait("y"), try await wait("z"))
        place.release("x")
        try await y.value
        place.release("y")
        try await z.value
        let yAgain = try await wait("y")
        place.release("z")
        try await x.value
        place.release("x")
        try await yAgain.value
        #expect(place.served.withLock(\.self) == ["y", "z", "x", "y"])
    }

    /// The one place of a pool.
    private final class Place: Sendable {
        let waits = Signal()
        let served = Mutex<[String]>([])
        private let state = Mutex(PoolState(size: 1, maxWaiting: 100))

        func ask(_ party: String) throws -> PoolState.Answer { try state.withLock { try $0.ask(party) } }

        func take(_ ticket: PoolState.Ticket) async throws {
            try await wait(ticket)
            release(ticket.party)
        }

        /// Until it has the place.
        func wait(_ ticket: PoolState.Ticket) async throws {
            _ = try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.wait(ticket, continuation) }?.resume()
                waits.fire()
            }
            served.withLock { $0.append(ticket.party) }
        }

        func release(_ party: String) { state.withLock { $0.release(party, nil) }?.resume() }
    }

    @Test func `when too many wait, the last of the longest lane gives up`() throws {
        var state = PoolState(size: 1, maxWaiting: 3)
        for _ in 0..<4 { _ = try state.ask("a") }
        #expect(throws: PoolExhausted.self) { try state.ask("a") }
        // Of three that wait, two are of a, then one.
        for party in ["b", "c"] {
            _ = try state.ask(party)
            #expect(throws: PoolExhausted.self) { try state.ask(party) }
        }
        #expect(throws: PoolExhausted.self) { try state.ask("d") }
    }
}
