import Postgres
import Support
import Testing

@Suite(.emptyDatabase) struct PoolTests {
    private let ownPID = Statement("pid", "SELECT pg_backend_pid()")

    private func pool(_ size: Int, maxWaiting: Int = 100, patience: Duration = .seconds(20)) -> Pool {
        Pool(Database.current.ownerOptions, size: size, maxWaiting: maxWaiting, patience: patience)
    }

    private func processID(_ pool: Pool) async throws -> Int {
        try await pool.withConnection { try await $0.run(ownPID)[0].int(0) }
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
                try await released.wait(timeout: .seconds(30))
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
}
