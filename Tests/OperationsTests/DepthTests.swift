import Administration
import Countersign
import Postgres
import Support
import Testing

/// Depth is exact up to 10,000 rows, and beyond that an estimate that says so and is within 20 %.
@Suite(.database) struct DepthTests {
    @Test func `exact at the limit, an estimate beyond it`() async throws {
        try await fillQueue(10_000)
        var found = try await depth("issue")
        #expect(found.waiting == 10_000 && !found.isEstimate)
        try await fillQueue(1)
        found = try await depth("issue")
        #expect(found.isEstimate && (10_001...12_001).contains(found.waiting))
    }

    /// The worker that keeps house has the time to count among many others.
    @Test(arguments: [(10_000, false), (10_001, true)])
    func `requests at the limit`(_ rows: Int, isEstimate: Bool) async throws {
        try await fillRequests(rows, dueAt: "clock_timestamp() - interval '3 s'")
        var found = try await depth("expire")
        #expect((rows...rows * 6 / 5).contains(found.waiting) && found.isEstimate == isEstimate)
        try await fillRequests(50_000, dueAt: "clock_timestamp() + interval '9 min' + n * interval '1 ms'")
        try await withWorker(stages: [.housekeep]) { _ in
            try await eventually("counted") {
                found = try await depth("expire")
                return (rows...rows * 6 / 5).contains(found.waiting) && found.isEstimate == isEstimate
            }
        }
    }

    /// The table's size would say 40,000 for as long as nobody has vacuumed it, and to count the ten means to pass all
    /// the others: the worker that keeps house has done it.
    @Test func `a drained queue leaves no ghosts in the figure`() async throws {
        try await fillQueue(40_000)
        try await expectEstimate("issue", of: 40_000)
        try await drainQueue("ctid IN (SELECT ctid FROM countersign.issue_queue LIMIT 39990)")
        try await eventually("nearly nothing") { try await depth("issue").waiting < 1_000 }
        #expect(try await depth("issue").isEstimate)
        try await withWorker(stages: [.housekeep]) { _ in
            // The estimate may say 10, too.
            try await eventually("it is exact again") {
                let found = try await depth("issue")
                return found.waiting == 10 && !found.isEstimate
            }
        }
    }

    @Test(arguments: Drained.allCases, [true, false])
    func `a queue of which a part is worked off`(_ drained: Drained, knowsCounts: Bool) async throws {
        try await fillQueue(60_000)
        try await drainQueue(drained.rawValue)
        if !knowsCounts { try await forgetCounts() }
        let left = try await count("countersign.issue_queue")
        #expect((20_000...50_000).contains(left))
        try await expectEstimate("issue", of: left)
    }

    /// Which rows are gone, by the place of a row in the table.
    enum Drained: String, CaseIterable {
        case first = "(ctid::text::point)[0] < 150"
        case last = "(ctid::text::point)[0] >= 200"
        case evenly = "(ctid::text::point)[1]::integer % 2 = 0"
        case inBatches = "hashint4(((ctid::text::point)[0] / 4)::integer) % 2 = 0"
    }

    @Test(arguments: DueTime.allCases) func `requests that are due`(_ due: DueTime) async throws {
        try await fillRequests(20_000, dueAt: "clock_timestamp() + interval '5 min' + n * interval '1 ms'")
        try await fillRequests(60_000, dueAt: due.rawValue)
        try await expectEstimate("expire", of: 60_000)
        // As if the users had answered every second one.
        try await endRequests("open_until <= clock_timestamp() AND (ctid::text::point)[1]::integer % 2 = 0")
        try await expectEstimate(
            "expire", of: try await count("countersign.auth_requests WHERE open_until <= clock_timestamp()"))
    }

    /// When the n-th of the requests was due.
    enum DueTime: String, CaseIterable {
        case evenly = "clock_timestamp() - interval '1 s' - n * interval '60 ms'"
        /// All but fifty within the same microsecond, half an hour after the first.
        case inOneBurst =
            "now() - CASE WHEN n > 50 THEN interval '30 min' ELSE n * interval '1 min' + interval '10 min' END"
        /// Half of them in one second, as after a campaign, and in no order in the table.
        case unordered =
            "now() - CASE WHEN n % 2 = 0 THEN interval '1 s' ELSE interval '2 min' + n * interval '60 ms' END"
        case overDays = "now() - interval '1 s' - n * interval '4 s'"
    }

    @Test func `enrollments that came in one burst`() async throws {
        try await fillEnrollments(30_000, status: "active", at: "now() - n * interval '10 ms'")
        try await fillEnrollments(1, status: "pending", at: "now() - interval '1 day'")
        try await fillEnrollments(40_000, status: "pending", at: "now() - interval '1 min'")
        try await expectEstimate("enroll", of: 40_001)
    }

    /// What is paused waits on purpose: its age is no alarm.
    @Test func `the oldest row is one that a worker may take`() async throws {
        _ = try await ConsolePortal.make()
        var owner = try await Database.current.connect()
        try await owner.execute(
            "INSERT INTO countersign.issue_queue SELECT portal_id, 0, countersign.uuid_v7() FROM countersign.portals"
        )
        #expect(try await depth("issue").oldest != nil)
        try await act("portal pause", "acme")
        let paused = try await depth("issue")
        #expect(paused.oldest == nil && paused.waiting == 1)
    }

    /// One portal's dead server is no reason to wake anybody up.
    @Test func `a webhook behind an open breaker is not the oldest`() async throws {
        _ = try await ConsolePortal.make()
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id, request_status,
                                                    callback_uri)
            SELECT countersign.uuid_v7(), now() - age * interval '1 min', now(), portal_id, 'expired', uri
            FROM countersign.portals, (VALUES (9, 'https://dead.example/cb'), (8, 'https://dead.example/cb'),
                                              (2, 'https://late.example/cb')) AS w (age, uri);
            INSERT INTO countersign.webhook_endpoints (portal_id, origin, state, changed_at, open_until)
            SELECT portal_id, 'https://dead.example', 'open', now(), now() + interval '1 min'
            FROM countersign.portals
            """)
        let age =
            "SELECT extract(epoch FROM now() - oldest)::integer / 60 FROM countersign.queue_status() "
            + "WHERE stage = 'dispatch'"
        #expect(try await owner.execute(age)[0].text(0) == "2")
        #expect(try await depth("dispatch").waiting == 3)
        try await owner.execute("UPDATE countersign.webhook_endpoints SET state = 'closed'")
        #expect(try await owner.execute(age)[0].text(0) == "9")
    }
}
