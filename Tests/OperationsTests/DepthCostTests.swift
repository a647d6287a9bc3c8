import Administration
import Countersign
import Postgres
import Support
import Testing

/// To ask what waits costs the same in whatever state the tables are. Counted in pages: time is for scripts/bench.
@Suite(.database) struct DepthCostTests {
    /// Pages that one look may touch, of tables, indexes and catalogs. A walk over what is gone touches thousands.
    private static let limit = 600

    /// What somebody else does meanwhile.
    enum Neighbour: CaseIterable {
        case idles
        /// Nobody may call rows dead while it is held: neither vacuum nor who comes past takes them out.
        case holdsSnapshot

        var statement: String {
            self == .idles ? "SELECT" : "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class"
        }
    }

    @Test(arguments: Neighbour.allCases)
    func `when a queue has just been worked off`(_ neighbour: Neighbour) async throws {
        try await fillQueue(300_000)
        var asker = try await Asker.connect()
        #expect(try await asker.pagesRead() < Self.limit)
        var other = try await Database.current.connect()
        try await other.execute(neighbour.statement)
        try await drainQueue()
        for _ in 0..<2 { #expect(try await asker.pagesRead() < Self.limit) }
        #expect(try await asker.pagesWalked("issue") > 2 * Self.limit)
        try await eventually("nothing waits") { try await depth("issue").waiting == 0 }
    }

    @Test(arguments: Neighbour.allCases)
    func `when requests have just ended`(_ neighbour: Neighbour) async throws {
        try await fillRequests(100_000, dueAt: "now() - interval '1 min' + n * interval '0.5 ms'")
        var asker = try await Asker.connect()
        #expect(try await asker.pagesRead() < Self.limit)
        var other = try await Database.current.connect()
        try await other.execute(neighbour.statement)
        try await endRequests()
        for _ in 0..<2 { #expect(try await asker.pagesRead() < Self.limit) }
        #expect(try await asker.pagesWalked("expire") > 2 * Self.limit)
        #expect(try await depth("expire").waiting == 0)
    }

    /// What a statement is planned for is locked until its transaction ends.
    @Test(arguments: [StageName.enroll, .issue, .validate, .dispatch])
    func `the oldest row of a stage is looked for without the days of another`(_ stage: StageName)
        async throws
    {
        var session = try await Database.current.connect()
        try await session.execute("BEGIN; SELECT countersign.stage_oldest('\(stage.rawValue)', now())")
        let days = try await Database.current.count(
            """
            SELECT count(*) FROM pg_locks l JOIN pg_inherits i ON i.inhrelid = l.relation WHERE l.pid = \(session.processID)
            """)
        #expect(days == 0)
    }

    /// A day's first thousand have all ended when the tables are analysed: the index of what is open looks empty.
    @Test func `when requests have just ended, and statistics know of none that was open`() async throws {
        try await fillRequests(1_000, dueAt: "now() - interval '1 min'")
        try await endRequests()
        var owner = try await Database.current.connect()
        try await owner.execute("ANALYZE countersign.auth_requests")
        try await fillRequests(100_000, dueAt: "now() - interval '1 min' + n * interval '0.5 ms'")
        var other = try await Database.current.connect()
        try await other.execute(Neighbour.holdsSnapshot.statement)
        try await endRequests()
        var asker = try await Asker.connect()
        #expect(try await asker.pagesRead() < Self.limit)
        #expect(try await depth("expire").waiting == 0)
    }

    /// The server's counts, which would tell of the dead, are gone.
    @Test func `when requests have just ended, and after a crash`() async throws {
        try await fillRequests(100_000, dueAt: "now() - interval '1 min' + n * interval '0.5 ms'")
        var asker = try await Asker.connect()
        try await endRequests()
        var owner = try await Database.current.connect()
        let day = try await owner.execute("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYYMMDD')")[0].text(0)
        try await forgetCounts(of: "auth_requests_\(day)")
        #expect(try await asker.pagesRead() < Self.limit)
        #expect(try await depth("expire").waiting == 0)
    }

    @Test func `when enrollments have just been made`() async throws {
        try await fillEnrollments(60_000, status: "pending", at: "now() - n * interval '1 ms'")
        var asker = try await Asker.connect()
        #expect(try await asker.pagesRead() < Self.limit)
        var other = try await Database.current.connect()
        try await other.execute(Neighbour.holdsSnapshot.statement)
        try await activateEnrollments()
        #expect(try await asker.pagesRead() < Self.limit)
        #expect(try await asker.pagesWalked("enroll") > 2 * Self.limit)
        #expect(try await depth("enroll").waiting == 0)
    }

    /// What housekeep leaves is believed for five seconds.
    @Test(arguments: [("expire", 3), ("housekeep", 0)])
    func `an old figure is no figure`(stage: String, counted: Int) async throws {
        try await fillRequests(3, dueAt: "now() - interval '1 s'")
        var owner = try await Database.current.connect()
        for (age, waiting) in [("0 s", 77), ("6 s", counted)] {
            try await owner.execute(
                """
                INSERT INTO countersign.queue_figures VALUES ('\(stage)', now() - interval '\(age)', 77, false, NULL)
                ON CONFLICT (stage) DO UPDATE SET measured_at = excluded.measured_at
                """)
            #expect(try await depth(stage).waiting == waiting)
        }
    }

    @Test func `the worker that keeps house leaves a figure of each stage`() async throws {
        try await withWorker(stages: [.housekeep]) { _ in
            try await Database.current.wait(until: "SELECT count(*) FROM countersign.queue_figures", is: 6)
        }
        var owner = try await Database.current.connect()
        let missing = """
            SELECT count(*) FROM countersign.stage_controls c
            WHERE NOT EXISTS (SELECT FROM countersign.queue_figures f WHERE f.stage = c.stage)
            """
        #expect(try await owner.execute(missing)[0].int(0) == 0)
    }

    /// It walks, and those who ask see its exact figure.
    @Test func `the worker that keeps house knows better than a sample`() async throws {
        try await fillRequests(100_000, dueAt: "now() - interval '1 min' + n * interval '0.5 ms'")
        try await endRequests("hashtext(transaction_id::text) % 100 <> 0")
        let left = try await count("countersign.auth_requests WHERE open_until IS NOT NULL")
        #expect((500...1_500).contains(left))
        #expect(try await depth("expire").isEstimate)
        try await withWorker(stages: [.housekeep]) { _ in
            // One look for both: on a busy machine the next figure may come late, and an estimate stands in for it.
            try await eventually("exact") {
                let found = try await depth("expire")
                return found.waiting == left && !found.isEstimate
            }
        }
    }
}

/// A session that has asked before, so that what it reads is no catalog.
private struct Asker: ~Copyable {
    private var session: Connection

    static func connect() async throws -> Asker {
        var asker = Asker(session: try await Database.current.connectAsSuperuser())
        for stage in ["issue", "expire", "enroll"] { _ = try await asker.pagesWalked(stage) }
        _ = try await asker.pagesRead()
        return asker
    }

    mutating func pagesRead() async throws -> Int { try await pages("countersign.queue_status()") }

    /// What it takes to count them and to follow the indexes.
    mutating func pagesWalked(_ stage: String) async throws -> Int {
        try await pages("countersign.walked_figure('\(stage)', clock_timestamp())")
    }

    /// Pages that were looked at, in memory or not.
    private mutating func pages(_ source: String) async throws -> Int {
        let plan = try await session.execute("EXPLAIN (ANALYZE, BUFFERS) SELECT FROM \(source)")
            .map { try $0.text(0) }.joined(separator: "\n")
        let read = try #require(plan.firstMatch(of: /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/))
        return [read.1, read.2].reduce(0) { $0 + ($1.flatMap { Int($0) } ?? 0) }
    }
}
