import Engine
import Postgres
import Support
import Testing

/// What keeps house looks up row by row what it joins: a worker's session makes one plan for all values and joins by loops,
/// and a join of two spans of time there compares each row of the one with each of the other. The rows are in memory then and
/// no count of pages shows it; the server says how many it compared in vain.
@Suite(.database) struct HousekeepCostTests {
    private static let rows = 12_000
    /// That the steps of its plans may make or throw away of each.
    private static let perRow = 40
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
        var session = try await ExplainingSession.open(Database.current.stageOptions().settings)
        let known = EngineStatements.all.flatMap { $0.members }
        for name in Self.statements {
            let statement = try #require(known.first { $0.name == name })
            try await session.connection.execute("PREPARE \"\(name)\" AS \(statement.sql)")
            if beginning != .nothing { _ = try await session.cost(of: "EXECUTE \"\(name)\"") }
        }
        try await fill(site, Self.rows, minutesAgo: 0)
        for name in Self.statements {
            // The first time a minute of the trail is named, the second time it is closed.
            for _ in 0..<2 {
                let cost = try await session.cost(of: "EXECUTE \"\(name)\"", isKept: true)
                #expect(cost.rows < Self.perRow * Self.rows, "\(name): \(cost.plans)")
                #expect(!cost.plans.isEmpty, "\(name) is told of")
            }
        }
        let left = try await session.connection.execute(
            """
            SELECT (SELECT sum(asked) FROM countersign.sign_in_history WHERE unit = 'minute')::text,
                   (SELECT count(*) FROM countersign.otp_secrets)::text
            """)[0]
        // Nine minutes of ten at least: the last one is recorded a second after its end.
        #expect(try #require(Int(try left.text(0))) >= Self.rows * 9 / 10)
        #expect(try left.text(1) == "0")
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
