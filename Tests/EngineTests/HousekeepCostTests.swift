import Engine
import Postgres
import Support
import Testing

/// What keeps house looks up row by row what it joins: a worker's session makes one plan for all values and joins by loops,
/// and a join of two spans of time there compares each row of the one with each of the other. The rows are in memory then and
/// no count of pages shows it; the server says how many it compared in vain.
@Suite(.database) struct HousekeepCostTests {
    private static let rows = 12_000
    private static let statements = [
        "housekeep.close_events", "housekeep.record_history", "housekeep.recount_limits",
        "housekeep.sweep_secrets",
        "housekeep.sweep_issue_queue", "housekeep.sweep_browser_tokens",
    ]

    /// What the plans were made of.
    enum Beginning: CaseIterable {
        case nothing, emptyTables, aQuietHour
    }

    @Test(arguments: Beginning.allCases)
    func `nothing is compared with everything`(beginning: Beginning) async throws {
        let site = try await Site.make()
        if beginning == .aQuietHour { try await fill(site, 3_000, minutesAgo: 30) }
        try await Database.current.arrangeAsSuperuser("ANALYZE")
        var session = try await explainingSession()
        let known = EngineStatements.all.flatMap { $0.members }
        for name in Self.statements {
            let statement = try #require(known.first { $0.name == name })
            try await session.execute("PREPARE \"\(name)\" AS \(statement.sql)")
            if beginning != .nothing { try await session.execute("BEGIN; EXECUTE \"\(name)\"; ROLLBACK") }
        }
        try await fill(site, Self.rows, minutesAgo: 0)
        for name in Self.statements {
            let told = LogCapture.current.lines.count
            // The first time a minute of the trail is named, the second time it is closed.
            for _ in 0..<2 { try await session.execute("EXECUTE \"\(name)\"") }
            let compared = LogCapture.current.lines[told...]
                .flatMap { $0.matches(of: /Rows Removed by Join Filter: (\d+)/) }.compactMap { Int($0.1) }
            #expect(compared.max() ?? 0 < 2 * Self.rows, "\(name)")
            #expect(LogCapture.current.lines.count > told, "\(name) is told of")
        }
        let left = try await session.execute(
            """
            SELECT (SELECT sum(asked) FROM countersign.sign_in_history WHERE unit = 'minute')::text,
                   (SELECT count(*) FROM countersign.otp_secrets)::text
            """)[0]
        // Nine minutes of ten at least: the last one is recorded a second after its end.
        #expect(try #require(Int(try left.text(0))) >= Self.rows * 9 / 10)
        #expect(try left.text(1) == "0")
    }

    /// With the settings of a worker's session, which tells of every statement how it ran, those of functions, too.
    private func explainingSession() async throws -> Connection {
        var session = try await Database.current.connectAsSuperuser()
        for (name, value) in try await Database.current.stageOptions().settings
        where name.hasPrefix("enable_") || name == "plan_cache_mode" {
            try await session.execute("SET \(name) = '\(value)'")
        }
        try await session.execute(
            """
            LOAD 'auto_explain';
            SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on;
            SET auto_explain.log_analyze = on; SET auto_explain.log_timing = off;
            SET auto_explain.log_level = 'notice'
            """)
        return session
    }

    /// Sign-ins of ten minutes that have ended, each with a code that was never collected, from some hundred networks.
    private func fill(_ site: Site, _ rows: Int, minutesAgo: Int) async throws {
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            WITH made AS (
                SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid AS id, at, n
                FROM (SELECT n, date_trunc('minute', clock_timestamp()) - (\(minutesAgo) + n % 10) * interval '1 min' - interval '30 s' AS at
                      FROM generate_series(1, \(rows)) n) AS x
            ), requests AS (
                INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, issued_at, resolved_at,
                    portal_id, status, auth_type, method, callback_uri, message, source)
                SELECT id, at, at + interval '3 min', at, at + interval '2 s', \(site.portalID), 'cancelled', 'qr-code',
                       'otp', '\(Site.callback)', 'Sign in', '198.51.100.' || n % 200 FROM made
            ), events AS (
                INSERT INTO countersign.events (event_id, occurred_at, transaction_id, type)
                SELECT (left(countersign.uuid_floor(at + interval '2 s')::text, 19) || right(gen_random_uuid()::text, 17))::uuid,
                       at + interval '2 s', id, 'request.cancelled' FROM made
            )
            INSERT INTO countersign.otp_secrets (transaction_id, expires_at, portal_id, secret)
            SELECT id, at, \(site.portalID), sha256('a') FROM made
            """)
    }
}
