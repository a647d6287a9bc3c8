import Countersign
import Engine
import Postgres
import Support
import Testing

/// What each statement reads is a matter of the rows that it deals with, whatever statistics believe of the tables: none
/// reads through a table or an index because a plan was made when that was empty, or never measured.
@Suite(.database) struct StatementCostTests {
    enum State: String, CaseIterable {
        case neverAnalysed, analysedWhenEmpty, plannedWhenEmpty, allDueAtOnce, oldDaysAndSnapshot
    }

    private static let many = 30_000
    /// Pages that a statement of three rows may touch; most touch 20 to 70. The smallest table that is filled has 190.
    private static let pages = 180

    @Test(arguments: State.allCases) func `no statement reads through a table`(state: State) async throws {
        let site = try await Site.make()
        if state == .oldDaysAndSnapshot { try await addDays() }
        let isAnalysed = state != .neverAnalysed && state != .plannedWhenEmpty
        if isAnalysed { try await Database.current.arrangeAsSuperuser("ANALYZE") }
        var reader = try await Database.current.connectAsSuperuser()
        var session = try await Connection.open(Database.current.stageOptions())
        let statements = EngineStatements.all.flatMap { $0.members }.filter {
            StatementCosts.exempt[$0.name] == nil
        }
        for (number, statement) in statements.enumerated() {
            try await session.execute("PREPARE s\(number) AS \(statement.sql)")
        }
        try await enroll(site)
        // As at the beginning of a day: people are known, and what they do goes to tables that nobody has analysed.
        if state == .plannedWhenEmpty {
            try await Database.current.arrangeAsSuperuser("ANALYZE countersign.enrollments")
            let arguments = StatementCosts.arguments(.strangers(site))
            for (number, statement) in statements.enumerated() {
                _ = try await cost(of: "s\(number)", arguments[statement.name] ?? "", &session)
            }
        }
        try await fill(site, isDue: state == .allDueAtOnce)
        if state == .oldDaysAndSnapshot {
            try await reader.execute(
                "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM countersign.portals")
            try await Database.current.arrangeAsSuperuser(
                "SET session_replication_role = replica; UPDATE countersign.auth_requests SET reference = 'touched'"
            )
        }
        let arguments = StatementCosts.arguments(try await subjects(site))
        for (number, statement) in statements.enumerated() {
            guard let given = arguments[statement.name] else {
                Issue.record("\(statement.name) has no case in StatementCosts")
                continue
            }
            let (pages, plan) = try await cost(of: "s\(number)", given, &session)
            #expect(pages < Self.pages, "\(state) \(statement.name): \(plan)")
        }
    }

    /// The pages of the second run: the first one reads the catalogs and makes the plans of functions.
    private func cost(
        of prepared: String, _ arguments: String, _ session: inout Connection
    ) async throws -> (pages: Int, plan: String) {
        var plan = ""
        for _ in 0..<2 {
            try await session.execute("BEGIN")
            let call = arguments.isEmpty ? prepared : "\(prepared)(\(arguments))"
            plan = try await session.execute("EXPLAIN (ANALYZE, BUFFERS, TIMING OFF) EXECUTE \(call)").map {
                try $0.text(0)
            }.joined(separator: "\n")
            try await session.execute("ROLLBACK")
        }
        let top = plan.split(separator: "\nPlanning").first.map(String.init) ?? plan
        guard let touched = top.firstMatch(of: /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/) else {
            return (0, plan)
        }
        let counts = [touched.1, touched.2].map { $0.flatMap { Int($0) } ?? 0 }
        return (counts[0] + counts[1], plan)
    }

    private func addDays() async throws {
        try await Database.current.arrangeAsSuperuser(
            """
            DO $$
            DECLARE
                t record;
                d date;
            BEGIN
                FOR t IN SELECT table_name, days FROM countersign.partitioned_tables LOOP
                    FOR d IN SELECT DISTINCT countersign.partition_start(current_date - n, t.days)
                             FROM generate_series(t.days, 30) AS n LOOP
                        EXECUTE format('CREATE TABLE countersign.%I PARTITION OF countersign.%I FOR VALUES FROM (%L) TO (%L)',
                            t.table_name || to_char(d, '_YYYYMMDD'), t.table_name,
                            countersign.uuid_floor(d::timestamp AT TIME ZONE 'UTC'),
                            countersign.uuid_floor((d + t.days)::timestamp AT TIME ZONE 'UTC'));
                    END LOOP;
                END LOOP;
            END
            $$
            """)
    }

    /// Half of them wait.
    private func enroll(_ site: Site) async throws {
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.enrollments (app_id, user_id, device_id, status)
            SELECT \(site.appID), 'user-' || n, 'phone', 'active' FROM generate_series(1, \(Self.many)) AS n;
            INSERT INTO countersign.enrollments (app_id, user_id, device_id)
            SELECT \(site.appID), 'new-' || n, 'phone' FROM generate_series(1, \(Self.many)) AS n
            """)
    }

    /// Without triggers, and with nobody who would analyse it. Half of the requests wait for a code, the others have one
    /// that nobody has collected, and a submission.
    private func fill(_ site: Site, isDue: Bool) async throws {
        let due = isDue ? "now() - interval '1 s'" : "now() + interval '100 s'"
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.auth_requests (requested_at, expires_at, open_until, portal_id, status, auth_type,
                                                   method, callback_uri, message, secret_digest)
            SELECT now(), \(due), \(due), \(site.portalID), CASE n % 2 WHEN 0 THEN 'requested' ELSE 'issued' END,
                   'qr-code', 'otp', '\(Site.callback)', 'Sign in', sha256('a')
            FROM generate_series(1, \(2 * Self.many)) AS n;
            INSERT INTO countersign.issue_queue (portal_id, transaction_id)
            SELECT portal_id, transaction_id FROM countersign.auth_requests WHERE status = 'requested';
            INSERT INTO countersign.otp_secrets (transaction_id, expires_at, portal_id, secret)
            SELECT transaction_id, expires_at, portal_id, sha256('a') FROM countersign.auth_requests
            WHERE status = 'issued';
            INSERT INTO countersign.submissions (submitted_at, app_id, status, enrollment_id, enrollment, action,
                                                 transaction_id, secret_digest)
            SELECT now(), \(site.appID), 'pending', e.enrollment_id::text, e.enrollment_id, 'scan', r.transaction_id,
                   sha256('a')
            FROM (SELECT *, row_number() OVER () AS n FROM countersign.auth_requests WHERE status = 'issued') AS r
            JOIN (SELECT *, row_number() OVER () AS n FROM countersign.enrollments WHERE status = 'active') AS e
                ON e.n = r.n WHERE r.n < \(Self.many);
            INSERT INTO countersign.validate_queue (app_id, submission_id)
            SELECT app_id, submission_id FROM countersign.submissions
            """)
    }

    private func subjects(_ site: Site) async throws -> CostSubjects {
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("SET enable_nestloop = off")  // statistics are wrong here, too
        let row = try await superuser.execute(
            """
            SELECT (SELECT transaction_id FROM countersign.issue_queue OFFSET 20000 LIMIT 1)::text, s.transaction_id::text,
                   (SELECT transaction_id FROM countersign.auth_requests r WHERE status = 'issued' AND NOT EXISTS (
                       SELECT FROM countersign.submissions s WHERE s.transaction_id = r.transaction_id) LIMIT 1)::text,
                   s.submission_id::text, s.enrollment::text,
                   (SELECT enrollment_id FROM countersign.enrollments WHERE status = 'pending' OFFSET 20000 LIMIT 1)::text
            FROM countersign.submissions s OFFSET 20000 LIMIT 1
            """)[0]
        func id(_ column: Int) throws -> Identifier { try #require(Identifier(try row.text(column))) }
        return CostSubjects(
            queued: try id(0), issued: try id(1), lonely: try id(2), submission: try id(3),
            enrollment: try id(4),
            pendingEnrollment: try id(5), portal: Int(site.portalID), app: Int(site.appID))
    }
}
