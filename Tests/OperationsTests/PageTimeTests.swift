import Countersign
import Foundation
import Postgres
import Support
import Testing

/// How long the console's pages take with many rows, and how much of that are statements. It fills for minutes, and measures
/// time: not for every run, but on a machine that does nothing else, with the program of a release:
///
///     scripts/release
///     COUNTERSIGN_TEST_ROWS=2000000 COUNTERSIGN_TEST_PROGRAM=.build/release/countersign swift test --filter PageTimeTests
///
/// Without `COUNTERSIGN_TEST_PROGRAM` pages are those of the test's own build, in which rendering takes ten times as long:
/// then only the statements are held to their limit. These are counted by pg_stat_statements, which `scripts/postgres` loads.
@Suite(.database, .enabled(if: wantedRows != nil, "it needs COUNTERSIGN_TEST_ROWS"))
struct PageTimeTests {
    /// Of a page, and of its statements, in the middle of ten times.
    private static let limit = (page: Duration.milliseconds(100), statements: Duration.milliseconds(50))

    private static let pages = [
        "overview", "overview?range=day", "queues", "workers", "doctor", "requests", "requests?id=ID",
        "requests?portal=acme", "requests?portal=small", "requests?type=payment", "requests?state=open",
        "requests?state=authenticated", "requests?state=failed", "requests?reference=session-7",
        "requests?user=user-77", "requests?device=device-77", "requests?user=user-77&device=device-77",
        "requests?since=10m", "requests?until=2d", "requests?since=3d&until=2d&state=failed",
        "requests?before=ID", "webhooks", "webhooks?portal=small", "webhooks?state=dead",
        "webhooks?state=waiting", "webhooks?state=delivered", "webhooks?portal=acme&state=dead&since=1d",
        "webhooks?receiver=https%3A%2F%2Fdown.example", "webhooks?since=1h", "webhooks?before=ID", "events",
        "events?type=submission.rejected", "events?type=portal.added", "events?portal=small",
        "events?user=user-77", "events?transaction=ID", "events?since=10m", "events?until=2d",
        "events?before=ID", "users", "users?app=mobile&user=user-77", "users?app=mobile&user=busy",
        "enrollments", "enrollments?app=mobile", "enrollments?user=user-77", "enrollments?device=device-77",
        "enrollments?status=rejected", "enrollments?status=revoked", "portals", "apps", "settings",
        "settings?subject=types", "settings?subject=callbacks", "settings?subject=logs", "accounts",
        "account",
    ]

    @Test func `each page with its filters is there within 100 ms`() async throws {
        try await fill(try #require(wantedRows))
        var superuser = try await Database.current.connectAsSuperuser()
        let id = try await superuser.execute(
            """
            SELECT transaction_id FROM countersign.auth_requests
            WHERE transaction_id > countersign.uuid_floor(now() - interval '2 days') AND status = 'authenticated'
            ORDER BY transaction_id LIMIT 1
            """)[0].identifier(0)
        let admin = try await Database.current.makeLogin("admin", in: .admin)
        try await withPages(admin) { browser in
            let console = try await SignedIn(browser)
            for state in ["analysed", "never analysed"] {
                if state != "analysed" { try await forgetStatistics(&superuser) }
                for page in Self.pages {
                    let address = page.replacing("ID", with: "\(id)")
                    let taken = try await measure(address, console, admin, &superuser)
                    print(
                        "| `\(page)` | \(taken.page.milliseconds) | \(taken.statements.milliseconds) | \(state) |"
                    )
                    #expect(taken.statements < Self.limit.statements, "\(state): \(page)")
                    if program != nil { #expect(taken.page < Self.limit.page, "\(state): \(page)") }
                }
            }
        }
    }

    /// The middle of ten times.
    private func measure(
        _ address: String, _ console: SignedIn, _ admin: TestLogin, _ superuser: inout Connection
    ) async throws -> (page: Duration, statements: Duration) {
        var (pages, statements) = ([Duration](), [Duration]())
        for _ in 0..<10 {
            try await superuser.execute("SELECT pg_stat_statements_reset()")
            let started = ContinuousClock.now
            let answer = try await console.browser.get("/console/\(address)")
            pages.append(ContinuousClock.now - started)
            #expect(answer.status == 200 && !answer.body.contains("class=\"problem\""), "\(address)")
            let spent = try await superuser.execute(
                """
                SELECT coalesce(sum(total_plan_time + total_exec_time) * 1000, 0)::bigint FROM pg_stat_statements
                WHERE userid = '\(admin.name)'::regrole
                """)[0].int(0)
            statements.append(.microseconds(spent))
        }
        return (pages.sorted()[5], statements.sorted()[5])
    }

    /// The pages of the program that is named, or of this one.
    private func withPages(_ admin: TestLogin, _ body: (Browser) async throws -> Void) async throws {
        try await Database.current.arrangeAsSuperuser(
            """
            CREATE EXTENSION pg_stat_statements;
            DO $$ BEGIN
                EXECUTE format('ALTER DATABASE %I SET pg_stat_statements.track = top', current_database());
                EXECUTE format('ALTER DATABASE %I SET pg_stat_statements.track_planning = on', current_database());
            END $$
            """)
        guard let program else {
            return try await withOperations(Database.current.options(login: admin), body)
        }
        let gateway = try await Database.current.makeLogin("gateway", in: .gateway)
        let running = try RunningProgram(
            ["serve", "--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0"], of: program,
            environment: [
                "DATABASE_URL": Database.current.url(login: gateway),
                "COUNTERSIGN_OPERATIONS_DATABASE_URL": Database.current.url(login: admin),
            ])
        let listens = /operations listens.*port=(\d+)/
        try await eventually("it listens") { running.text.contains(listens) || !running.isRunning }
        let port = try #require(running.text.firstMatch(of: listens)?.1, "\(running.text)")
        try await body(Browser(base: "http://127.0.0.1:\(port)"))
    }

    /// As on a database that was loaded a moment ago.
    private func forgetStatistics(_ superuser: inout Connection) async throws {
        try await superuser.execute(
            """
            DELETE FROM pg_statistic s USING pg_class c
            WHERE c.oid = s.starelid AND c.relnamespace = 'countersign'::regnamespace;
            UPDATE pg_class SET reltuples = -1
            WHERE relnamespace = 'countersign'::regnamespace AND relkind IN ('r', 'p')
            """)
    }

    /// Five days of requests with what belongs to them, 100,000 devices, and the past by minutes and hours.
    private func fill(_ rows: Int) async throws {
        _ = try await ConsolePortal.make()
        _ = try await ConsolePortal.make("small")
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            SET statement_timeout = 0;
            SELECT countersign.create_partition(t.table_name, current_date - n * t.days)
            FROM countersign.partitioned_tables t, generate_series(1, 6) n
            WHERE to_regclass(format('countersign.%I', t.table_name || '_' || to_char(
                countersign.partition_start(current_date - n * t.days, t.days), 'YYYYMMDD'))) IS NULL
              AND (t.days = 1 OR n = 1);
            INSERT INTO countersign.auth_types (name) VALUES ('payment');
            INSERT INTO countersign.apps (app_id, login, name) VALUES (1, 'mobile', 'mobile');
            INSERT INTO countersign.workers (worker_id, heartbeat_at, process_id, program, host) VALUES
                ('0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', clock_timestamp() + interval '9 hours', 4711, 5, 'w');
            INSERT INTO countersign.worker_stages (worker_id, stage)
            SELECT '0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', s.stage FROM countersign.stage_controls s;
            INSERT INTO countersign.enrollments (enrollment_id, app_id, user_id, device_id, status)
            SELECT ('0198c2f4-5b1e-7c3a-9f00-' || lpad(n::text, 12, '0'))::uuid, 1, 'user-' || n, 'device-' || n,
                   CASE WHEN n % 50 = 0 THEN 'revoked' ELSE 'active' END FROM generate_series(1, 100000) n;
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, issued_at, scanned_at,
                resolved_at, portal_id, app_id, enrollment_id, user_id, device_id, status, auth_type, method, callback_uri,
                message, reference, secret_digest, signature_verified)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at,
                   at + interval '3 min', CASE WHEN left_to_go < 500 THEN at + interval '3 min' END, at + interval '3 ms',
                   CASE WHEN answered THEN at + interval '8 s' END, CASE WHEN left_to_go >= 500 THEN at + interval '15 s' END,
                   CASE WHEN n % 100000 = 7 THEN 2 ELSE 1 END, CASE WHEN answered THEN 1 END,
                   CASE WHEN answered THEN ('0198c2f4-5b1e-7c3a-9f00-' || lpad((1 + n % 100000)::text, 12, '0'))::uuid END,
                   CASE WHEN answered THEN CASE WHEN n % 20 = 0 THEN 'busy' ELSE 'user-' || 1 + n % 100000 END END,
                   CASE WHEN answered THEN 'device-' || 1 + n % 100000 END,
                   CASE WHEN left_to_go < 500 THEN 'issued' WHEN answered THEN 'authenticated' WHEN n = 8 THEN 'failed'
                        WHEN n % 10 = 8 THEN 'denied' ELSE 'expired' END,
                   CASE WHEN n % 100000 = 9 THEN 'payment' ELSE 'qr-code' END, 'otp', 'https://acme.example/cb',
                   'Sign in', 'session-' || n, sha256(n::text::bytea), answered
            FROM (SELECT n, \(rows) - n AS left_to_go, n % 10 < 7 AND \(rows) - n >= 500 AS answered,
                         now() - (\(rows) - n) * interval '5 days' / \(rows) AS at
                  FROM generate_series(1, \(rows)) n) AS x;
            INSERT INTO countersign.submissions (submission_id, submitted_at, resolved_at, app_id, status, reason, enrollment_id,
                action, transaction_id, enrollment, secret_digest)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at,
                   at + interval '20 ms', 1, CASE WHEN action = 'none' THEN 'rejected' ELSE 'accepted' END,
                   CASE WHEN action = 'none' THEN 'expired' END, enrollment_id::text, action, transaction_id, enrollment_id,
                   secret_digest
            FROM (SELECT r.*, requested_at + a.after AS at, a.action FROM countersign.auth_requests r,
                  (VALUES ('scan', interval '8 s'), ('accept', interval '15 s')) a (action, after)
                  WHERE r.status = 'authenticated') AS x;
            INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, finished_at, portal_id, status, request_status,
                callback_uri, attempts, first_at, first_ms, first_code)
            SELECT transaction_id, resolved_at, CASE WHEN state <> 'pending' THEN resolved_at END, portal_id, state, status,
                   CASE WHEN state = 'delivered' THEN callback_uri ELSE 'https://down.example/cb' END, 1,
                   CASE WHEN state = 'delivered' THEN resolved_at END, CASE WHEN state = 'delivered' THEN 12 END,
                   CASE WHEN state = 'delivered' THEN 204 END
            FROM (SELECT r.*, CASE WHEN r.requested_at > now() - interval '10 min' AND r.portal_id = 1
                                   THEN CASE WHEN reference ~ '[37]$' THEN 'dead' ELSE 'pending' END
                                   ELSE 'delivered' END AS state
                  FROM countersign.auth_requests r WHERE resolved_at IS NOT NULL) AS x;
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms, status_code, error_class,
                detail)
            SELECT transaction_id, 1, created_at, 31, 503, 'status', 'it answered 503'
            FROM countersign.webhook_deliveries WHERE status <> 'delivered';
            INSERT INTO countersign.dead_deliveries
            SELECT transaction_id, finished_at, portal_id FROM countersign.webhook_deliveries WHERE status = 'dead';
            INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id, request_status, callback_uri)
            SELECT transaction_id, now() + interval '1 min', now(), portal_id, request_status, callback_uri
            FROM countersign.webhook_deliveries WHERE status = 'pending';
            INSERT INTO countersign.webhook_endpoints (portal_id, origin, state, changed_at, open_until, failing_since, reason)
            VALUES (1, 'https://down.example', 'open', now(), now() + interval '1 min', now() - interval '3 min', 'status');
            INSERT INTO countersign.events (event_id, occurred_at, type, portal_id, app_id, user_id, enrollment_id, transaction_id,
                details)
            SELECT (left(countersign.uuid_floor(resolved_at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid,
                   resolved_at, 'request.' || status, portal_id, app_id, user_id, enrollment_id, transaction_id, '{}'
            FROM countersign.auth_requests WHERE resolved_at IS NOT NULL;
            INSERT INTO countersign.events (event_id, occurred_at, type, app_id, user_id, enrollment_id, details)
            SELECT (left(countersign.uuid_floor(submitted_at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid,
                   submitted_at, 'submission.rejected', 1, 'busy', enrollment, '{"reason": "expired"}'
            FROM countersign.submissions WHERE action = 'scan' AND right(submission_id::text, 2) = '00';
            INSERT INTO countersign.queue_history (unit, minute, stage, waiting, done)
            SELECT unit, date_trunc(unit, now()) - n * ('1 ' || unit)::interval, stage, n % 29, n % 91
            FROM countersign.stage_controls, (VALUES ('minute', 10080), ('hour', 9600)) u (unit, most),
                 generate_series(1, most) n;
            INSERT INTO countersign.sign_in_history (unit, minute, asked, authenticated, denied, expired, cancelled, failed,
                delivered, undelivered, dead, code_times, answer_times)
            SELECT unit, date_trunc(unit, now()) - n * ('1 ' || unit)::interval, 90, 60 + n % 31, n % 5, 7, n % 3, 0, 70, n % 2, 0,
                   array_fill(2, ARRAY[40]), array_fill(2, ARRAY[40])
            FROM (VALUES ('minute', 10080), ('hour', 9600)) u (unit, most), generate_series(1, most) n;
            ANALYZE
            """)
    }
}

private let wantedRows = ProcessInfo.processInfo.environment["COUNTERSIGN_TEST_ROWS"].flatMap { Int($0) }
private let program = ProcessInfo.processInfo.environment["COUNTERSIGN_TEST_PROGRAM"]

extension Duration {
    fileprivate var milliseconds: String {
        "\((Double(components.seconds) * 1e3 + Double(components.attoseconds) / 1e15).formatted(.number.precision(.fractionLength(1))))"
    }
}
