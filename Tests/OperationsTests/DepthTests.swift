import Countersign
import Postgres
import Support
import Testing

/// Depth is exact up to 10,000 rows, and beyond that an estimate that says so and is within 20 %.
@Suite(.database) struct DepthTests {
    private func queue(_ stage: String) async throws -> SystemStatus.Queue {
        var owner = try await Database.current.connect()
        return try #require(try await SystemStatus.read(&owner).queues.first { $0.stage == stage })
    }

    private func fill(_ rows: Int) async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.issue_queue (portal_id, transaction_id)
            SELECT n % 7, countersign.uuid_v7() FROM generate_series(1, \(rows)) n
            """)
    }

    private func expectEstimate(_ stage: String, of rows: Int) async throws {
        var found: SystemStatus.Queue?
        // The server's counts are up to a second old.
        try await eventually("\(stage) is estimated") {
            found = try await queue(stage)
            return found.map { abs($0.waiting - rows) <= rows / 5 } ?? false
        }
        #expect(found?.isEstimate == true)
    }

    @Test func `exact at the limit, an estimate beyond it`() async throws {
        try await fill(10_000)
        var found = try await queue("issue")
        #expect(found.waiting == 10_000 && !found.isEstimate)
        try await fill(1)
        found = try await queue("issue")
        #expect(found.isEstimate && (10_001...12_001).contains(found.waiting))
    }

    /// The table's size would say 30,000 for as long as nobody has vacuumed it.
    @Test func `a drained queue leaves no ghosts in the figure`() async throws {
        try await fill(30_000)
        try await expectEstimate("issue", of: 30_000)
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            DELETE FROM countersign.issue_queue
            WHERE ctid IN (SELECT ctid FROM countersign.issue_queue LIMIT 29990)
            """)
        try await eventually("it is exact again") { try await queue("issue").waiting == 10 }
        #expect(try await queue("issue").isEstimate == false)
    }

    /// As after a crash, when the server's counts begin at zero.
    @Test func `without the server's counts pages are sampled`() async throws {
        try await fill(40_000)
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            DELETE FROM countersign.issue_queue
            WHERE ctid IN (SELECT ctid FROM countersign.issue_queue LIMIT 15000)
            """)
        var superuser = try await Database.current.connectAsSuperuser()
        let forgotten = "SELECT pg_stat_reset_single_table_counters('countersign.issue_queue'::regclass)"
        try await eventually("they are forgotten, and no late report brings them back") {
            try await superuser.execute(forgotten)
            return try await superuser.execute(
                "SELECT pg_stat_get_live_tuples('countersign.issue_queue'::regclass)")[0].int(0) == 0
        }
        try await expectEstimate("issue", of: 25_000)
    }

    /// Half of them in one second, as after a campaign, the others over an hour.
    @Test func `requests that are due`() async throws {
        _ = try await World.make()
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            ALTER TABLE countersign.auth_requests DISABLE TRIGGER USER;
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, portal_id,
                                                   status, auth_type, method, callback_uri, message)
            SELECT countersign.uuid_floor(due - interval '180 s'), due - interval '180 s', due, due, 1, 'issued',
                   'qr-code', 'otp', 'https://acme.example/cb', 'x'
            FROM (SELECT clock_timestamp() - interval '1 s' - CASE WHEN n % 2 = 0 THEN n * interval '0.1 s'
                         ELSE interval '1000 s' + n * interval '0.1 s' END AS due
                  FROM generate_series(1, 30000) n) AS x
            ON CONFLICT DO NOTHING
            """)
        let rows = try await owner.execute("SELECT count(*) FROM countersign.auth_requests")[0].int(0)
        #expect(rows > 29_000)
        try await expectEstimate("expire", of: rows)
    }

    /// What is paused waits on purpose: its age is no alarm.
    @Test func `the oldest row is one that a worker may take`() async throws {
        _ = try await World.make()
        var owner = try await Database.current.connect()
        try await owner.execute(
            "INSERT INTO countersign.issue_queue SELECT portal_id, 0, countersign.uuid_v7() FROM countersign.portals"
        )
        #expect(try await queue("issue").oldest != nil)
        _ = try await OperatorAction.pausePortal("acme").run(&owner)
        let paused = try await queue("issue")
        #expect(paused.oldest == nil && paused.waiting == 1)
    }
}
