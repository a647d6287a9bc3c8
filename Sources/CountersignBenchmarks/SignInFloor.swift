import Countersign
import Postgres

/// The least that signs somebody in by rows of a database: the four calls of a sign-in and the two batches of a worker. No
/// digest, no bell, no NOTIFY, no lease; but for `checked` no login of its own rows, no check and no row security, and
/// nobody is kept from another's rows. What sign-ins could reach at most, of two plain inserts, is what this reaches of them.
enum SignInFloor: String, CaseIterable, Sendable {
    /// Into tables of columns, of which each has a key at most.
    case bare
    /// Into tables with the columns, keys, indexes and partitions of the product's: what there is has to be found again by
    /// its reference, its source, when it is due, and for 30 days.
    case kept
    /// Into such tables by logins that are checked and see their own rows.
    case checked

    var requests: String { "bench.\(self)_requests" }
    var submissions: String { "bench.\(self)_submissions" }
    var issues: String { "bench.\(self)_issues" }
    var codes: String { "bench.\(self)_codes" }
    var judgements: String { "bench.\(self)_judgements" }
    var events: String { "bench.\(self)_events" }
    /// SQL of an identifier for a new row: one that grows where tables are partitioned by it.
    var newID: String { self == .bare ? "gen_random_uuid()" : "countersign.uuid_v7()" }
    /// SQL that keeps a statement to the partitions of these days.
    func isRecent(_ id: String) -> String { self == .bare ? "true" : "countersign.is_recent(\(id))" }

    var tables: [String] { [requests, submissions, issues, codes, judgements, events] }

    /// Two tables of rows, three of what waits, and the event that a sign-in leaves behind. The waits sleep as those of the
    /// product do: as long as answers take lately.
    static let schema = """
        \(tablesOfColumns);
        \(tablesAsOurs);
        \(checks);
        \(allCases.map { "\($0.waits);" }.joined(separator: "\n"))
        GRANT USAGE ON SCHEMA bench TO countersign_worker;
        GRANT ALL ON ALL TABLES IN SCHEMA bench TO countersign_portal, countersign_app, countersign_worker;
        GRANT EXECUTE ON FUNCTION countersign.usual_wait, countersign.next_pause, countersign.note_wait, countersign.uuid_v7,
            countersign.is_recent, countersign.recent_from, countersign.recent_until,
            countersign.uuid_floor TO countersign_portal, countersign_app, countersign_worker
        """

    private static let tablesOfColumns = """
        CREATE TABLE \(bare.requests) (LIKE bench.plain_requests, PRIMARY KEY (transaction_id));
        CREATE TABLE \(bare.submissions) (LIKE bench.plain_submissions, PRIMARY KEY (submission_id));
        CREATE TABLE \(bare.issues) (portal_id integer, transaction_id uuid PRIMARY KEY);
        CREATE TABLE \(bare.codes) (transaction_id uuid PRIMARY KEY, expires_at timestamptz, portal_id integer, secret bytea);
        CREATE TABLE \(bare.judgements) (app_id integer, submission_id uuid PRIMARY KEY, enrollment_id uuid);
        CREATE TABLE \(bare.events) AS SELECT * FROM countersign.events WITH NO DATA
        """

    /// The type of `status` is the one of the plain table, as a domain is a check.
    private static let tablesAsOurs = """
        DO $$
        DECLARE
            ours record;
            part record;
        BEGIN
            FOR ours IN SELECT v.name, f.floor || v.copy AS copy, c.is_partitioned FROM (VALUES
                ('auth_requests', 'requests'), ('submissions', 'submissions'), ('issue_queue', 'issues'),
                ('otp_secrets', 'codes'), ('validate_queue', 'judgements'), ('events', 'events')) AS v (name, copy),
                (VALUES ('kept_'), ('checked_')) AS f (floor), LATERAL (SELECT relkind = 'p' AS is_partitioned FROM pg_class
                    WHERE oid = ('countersign.' || v.name)::regclass) AS c
            LOOP
                EXECUTE format('CREATE TABLE bench.%s (LIKE countersign.%I INCLUDING DEFAULTS INCLUDING INDEXES) %s',
                    ours.copy, ours.name, CASE WHEN ours.is_partitioned THEN format('PARTITION BY RANGE (%I)',
                        CASE ours.name WHEN 'events' THEN 'event_id' WHEN 'submissions' THEN 'submission_id'
                                       ELSE 'transaction_id' END) END);
                FOR part IN SELECT i.inhrelid::regclass::oid AS number, pg_get_expr(c.relpartbound, c.oid) AS bound
                            FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                            WHERE i.inhparent = ('countersign.' || ours.name)::regclass
                LOOP
                    EXECUTE format('CREATE TABLE bench.%s_%s PARTITION OF bench.%s %s',
                        ours.copy, part.number, ours.copy, part.bound);
                END LOOP;
            END LOOP;
            ALTER TABLE \(kept.requests) ALTER status TYPE text;
            ALTER TABLE \(checked.requests) ALTER status TYPE text;
        END
        $$
        """

    private var waits: String {
        let (portal, app) = self == .checked ? (Self.ownPortal, Self.ownApp) : ("true", "true")
        return """
            \(wait("code", """
                DELETE FROM \(codes) WHERE transaction_id = id AND \(portal) RETURNING encode(secret, 'hex')
                """));
            \(wait("verdict", """
                SELECT status FROM \(submissions)
                WHERE submission_id = id AND status <> 'pending' AND \(isRecent("submission_id")) AND \(app)
                """))
            """
    }

    /// How the product's functions plan.
    static let planning = "SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off"

    /// A function that sleeps and looks until there is a row.
    private func wait(_ name: String, _ look: String) -> String {
        """
        CREATE FUNCTION bench.\(self)_\(name)(id uuid) RETURNS text LANGUAGE plpgsql
        \(self == .checked ? Self.ownersRights : "") \(Self.planning) AS $$
        DECLARE
            began timestamptz := clock_timestamp();
            usual double precision := countersign.usual_wait('bench.\(self)_\(name)');
            looks integer := 0;
            answer text;
            slept text;
        BEGIN
            slept := pg_sleep(usual);
            LOOP
                \(look) INTO answer;
                EXIT WHEN answer IS NOT NULL;
                looks := looks + 1;
                slept := pg_sleep(countersign.next_pause(usual, looks));
            END LOOP;
            slept := countersign.note_wait('bench.\(self)_\(name)', usual, looks, began);
            RETURN answer;
        END
        $$
        """
    }

    /// Sign-ins of as many clients as the product's, beside a session for each of the two batches.
    func load(_ bench: Bench) async throws -> LoadResult {
        try await bench.reset()
        return try await withThrowingTaskGroup(of: LoadResult?.self) { group in
            group.addTask { try await work(IssueFloor(floor: self), bench) }
            group.addTask { try await work(JudgeFloor(floor: self), bench) }
            group.addTask {
                let meter = CPUMeter(bench: bench, worker: nil)
                return try await runLoad(for: bench.scale.load, meter: meter) {
                    try await FloorClient.connect($0, self, bench)
                }
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw BenchError("the floor of sign-ins was not measured")
        }
    }

    /// Batch after batch until cancelled, with the pauses of the product: a fifth of what the last batch took, and 2 ms at least.
    private func work(_ batch: some StatementFamily, _ bench: Bench) async throws -> LoadResult? {
        var session = try await bench.database.connect(as: bench.installation.worker)
        // Rows are looked up by their keys, whatever is believed of tables that were empty a moment ago.
        try await session.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
        while !Task.isCancelled {
            let start = ContinuousClock.now
            try await session.run(batch)
            let pause = max(.milliseconds(2), min(start.duration(to: .now) / 5, .milliseconds(8)))
            try? await Task.sleep(for: pause, tolerance: .zero)
        }
        return nil
    }
}

/// A visitor after the other, in those tables.
private struct FloorClient: LoadClient, ~Copyable {
    private let floor: SignInFloor
    private var portal: Connection
    private var app: Connection
    private let portalID: Int32
    private let visit: Visit
    private let enrollment: Identifier

    static func connect(_ index: Int, _ floor: SignInFloor, _ bench: Bench) async throws -> FloorClient {
        let site = bench.installation.portal(ofClient: index)
        let enrollment = Identifier.random()
        if floor == .checked {
            var superuser = try await bench.database.connectAsSuperuser()
            try await superuser.run(AdmitDevice(login: bench.installation.app.name, enrollment: enrollment))
        }
        return FloorClient(
            floor: floor, portal: try await bench.database.connect(as: site.login),
            app: try await bench.database.connect(as: bench.installation.app), portalID: site.id,
            visit: Visit(ofClient: index), enrollment: enrollment)
    }

    mutating func perform() async throws {
        let id = try await portal.run(InsertFloorRequest(floor: floor, visit: visit, portalID: portalID))
            .one()
        _ = try await portal.run(AwaitFloorCode(floor: floor, request: id)).one()
        let answer = try await app.run(
            InsertFloorSubmission(floor: floor, enrollment: enrollment.description, request: id)
        )
        .one()
        _ = try await app.run(AwaitFloorVerdict(floor: floor, submission: answer)).one()
    }
}
