import Countersign
import Administration
import Engine
import Postgres
import Support
import Testing

/// Each closed span of events carries the digest of the one before: what is changed later is found.
@Suite(.database) struct EventChainTests {
    private func owner() async throws -> Connection { try await Database.current.connect() }

    /// Closes what there is, as a worker does once the minute is over and nobody writes in it any more.
    private func close() async throws -> Int? {
        try await endMinute()
        var worker = try await owner()
        var closed: Int?
        // Transactions of other tests' databases are waited for, too.
        try await eventually("it is closed") {
            closed = try await worker.run(CloseEvents()).one()
            return closed != nil
        }
        return closed
    }

    /// Ids of events are made to the millisecond.
    private func endMinute() async throws {
        var owner = try await owner()
        try await owner.execute(
            """
            SELECT pg_sleep(0.002);
            UPDATE countersign.event_closing SET until = date_trunc('milliseconds', clock_timestamp()),
                horizon = pg_current_xact_id()
            """)
    }

    private func problems() async throws -> [String] {
        var owner = try await owner()
        return try await EventChain.verify(&owner).problems.map(\.sentence)
    }

    private func write(_ count: Int) async throws {
        var owner = try await owner()
        try await owner.execute(
            """
            INSERT INTO countersign.events (type, details)
            SELECT 'worker.drained', jsonb_build_object('n', n) FROM generate_series(1, \(count)) n
            """)
    }

    private static let tampering: [(String, String)] = [
        (
            "UPDATE countersign.events SET actor = 'mallory' WHERE details = '{\"n\": 2}'",
            "an event was changed"
        ),
        (
            "UPDATE countersign.events SET occurred_at = occurred_at - interval '1 s' WHERE details = '{\"n\": 2}'",
            "an event was changed"
        ),
        ("DELETE FROM countersign.events WHERE details = '{\"n\": 2}'", "2 events are there, 3 were"),
        (
            "INSERT INTO countersign.events (event_id, type) SELECT countersign.uuid_floor(until - interval '2 ms'), "
                + "'x.y' FROM countersign.event_digests ORDER BY until LIMIT 1", "4 events are there, 3 were"
        ),
        (
            "UPDATE countersign.event_digests SET content = digest WHERE until = (SELECT min(until) FROM "
                + "countersign.event_digests)", "the digest was changed, or one before it"
        ),
        (
            "DELETE FROM countersign.event_digests WHERE until = (SELECT min(until) FROM countersign.event_digests)",
            "the digest was changed, or one before it"
        ),
        ("DELETE FROM countersign.event_digests WHERE events = 2", "digests before this were removed"),
    ]

    @Test(arguments: tampering)
    func `what was changed, removed or added is found`(change: String, problem: String) async throws {
        for count in [3, 2, 1] {
            try await write(count)
            #expect(try await close() == count)
        }
        #expect(try await problems() == [])
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(change)
        #expect(try await problems().first == problem)
    }

    @Test func `a week that was dropped when its time was over is no problem`() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            """
            UPDATE countersign.partitioned_tables SET retention_days = 1 WHERE table_name = 'events';
            SELECT countersign.create_partition('events', current_date - 14);
            INSERT INTO countersign.events (event_id, type)
            VALUES (countersign.uuid_floor(clock_timestamp() - interval '14 days'), 'x.y');
            UPDATE countersign.event_closing SET until = clock_timestamp() - interval '13 days',
                horizon = '3'
            """)
        #expect(try await superuser.run(CloseEvents()).one() == 1)
        try await write(2)
        _ = try await close()
        try await superuser.execute(
            "SELECT countersign.drop_partition(min(partition_name)) FROM countersign.outlived_partitions()")
        #expect(try await problems() == [])
    }

    /// An event has its id before others see it, so a minute is closed only when everybody who may have written has ended.
    @Test func `a writer waits for nothing, and is waited for`() async throws {
        try await write(1)
        var slow = try await owner()
        try await slow.execute("BEGIN; INSERT INTO countersign.events (type) VALUES ('x.y')")
        try await endMinute()
        let login = try await Database.current.makeLogin("worker", in: .worker)
        var worker = try await Database.current.connect(as: login)
        #expect(try await worker.run(CloseEvents()).one() == nil)
        try await write(1)  // meanwhile
        try await slow.execute("COMMIT")
        try await eventually("it is closed") {
            try await worker.run(CloseEvents()).one() == 2
        }
        // Who closes holds up no writer.
        try await worker.execute("BEGIN; SELECT countersign.close_events()")
        try await write(1)
        try await worker.execute("COMMIT")
        _ = try await close()
        #expect(try await problems() == [])
    }

    /// There the number of the only writer is the one behind the last transaction that has ended.
    @Test func `on a quiet server the only writer is waited for, too`() async throws {
        try await ScratchServer.run { server in
            try await server.execute(
                "UPDATE countersign.event_closing SET until = clock_timestamp() - interval '3 minutes'")
            var slow = try await Connection.open(server.options)
            try await slow.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0")
            try await slow.execute("INSERT INTO countersign.events (type) VALUES ('x.y')")
            var worker = try await Connection.open(server.options)
            #expect(try await worker.run(CloseEvents()).one() == nil)  // names the minute
            #expect(try await worker.run(CloseEvents()).one() == nil)
            try await slow.execute("COMMIT")
            #expect(try await worker.run(CloseEvents()).one() != nil)
        }
    }

    /// What one transaction has held up is more than a statement digests before it is cancelled.
    @Test func `a long span is closed by several calls, and all of it verifies`() async throws {
        let count = 101_000
        try await write(count)
        try await endMinute()
        var worker = try await owner()
        var closed: [Int] = []
        try await eventually("all is closed") {
            if let events = try await worker.run(CloseEvents()).one() {
                closed.append(events)
                try await write(1)  // into a minute that is not named yet
            }
            return closed.reduce(0, +) >= count
        }
        #expect(closed.count == 3 && closed.reduce(0, +) == count && closed.allSatisfy { $0 <= 50_000 })
        #expect(try await close() == closed.count)
        #expect(try await problems() == [])
    }

    @Test func `housekeep closes each minute`() async throws {
        var owner = try await owner()
        try await owner.execute(
            """
            INSERT INTO countersign.events (event_id, type)
            VALUES (countersign.uuid_floor(clock_timestamp() - interval '2 minutes'), 'x.y')
            """)
        try await withWorker(stages: [.housekeep]) { _ in
            try await eventually("it is closed") {
                try await owner.execute("SELECT events FROM countersign.event_digests").first?.int(0) == 1
            }
        }
        #expect(try await problems() == [])
    }
}
