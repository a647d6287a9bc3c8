import Countersign
import Postgres
import Support
import Testing
import Webhooks

/// What the workers' statements of webhooks read and compare is a matter of the rows that they deal with, however many
/// wait, have died or were counted, and whatever the plans were made of.
@Suite(.database) struct WebhookCostTests {
    private static let waiting = 30_000
    private static let endpoints = 100
    private static let batch = 200
    /// Of each row that a statement deals with, at most: an attempt is written into five tables, and eight indexes.
    private static let pages = 60
    private static let rows = 40

    /// Not of the days in question alone: one gives up what has waited for a day.
    private static let looksEverywhere: Set = ["dispatch.acknowledge_of_any_day", "breaker.give_up"]

    @Test(arguments: TableState.allCases) func `no statement reads or compares more than it deals with`(
        state: TableState
    ) async throws {
        let portal = try await WebhookSite().addPortal()
        try await state.begin()
        let login = try await Database.current.makeLogin("member", in: .worker)
        var session = try await ExplainingSession.open(
            as: login, Database.current.stageOptions().settings, isNested: false)
        let statements = WebhookStatements.ofWorkers.flatMap { $0.members }
        for statement in statements {
            try await session.connection.execute("PREPARE \"\(statement.name)\" AS \(statement.sql)")
            guard state == .plannedWhenEmpty else { continue }
            let call = try #require(Self.calls(portal, [])[statement.name]?.call, "\(statement.name)")
            _ = try await session.cost(of: "EXECUTE \"\(statement.name)\"\(call)")
        }
        try await fill(portal, isDue: state == .allDueAtOnce)
        let reader = try await state.holdSnapshot("UPDATE countersign.dispatch_queue SET token = 1")
        let calls = Self.calls(portal, try await some())
        for statement in statements {
            let (call, size) = try #require(calls[statement.name], "\(statement.name)")
            let cost = try await session.cost(
                of: "EXECUTE \"\(statement.name)\"\(call)", below: Self.pages * size)
            #expect(cost.pages < Self.pages * size, "\(state) \(statement.name): \(cost.plans)")
            #expect(cost.rows < Self.rows * size, "\(state) \(statement.name): \(cost.plans)")
            if !Self.looksEverywhere.contains(statement.name) {
                #expect(cost.days.count <= 4, "\(state) \(statement.name): \(cost.days)")
            }
            #expect(!cost.plans.isEmpty, "\(statement.name) is told of")
        }
        withExtendedLifetime(reader) {}
    }

    /// With what each statement is run, and how many rows it deals with then: of a minute there are 18 counts of an endpoint.
    private static func calls(
        _ portal: Int32, _ deliveries: [Identifier]
    ) -> [String: (call: String, size: Int)] {
        func each(_ value: (Int) -> String) -> String {
            "'{\((1...batch).map(value).joined(separator: ","))}'"
        }
        let one = each { _ in "1" }
        let ids = "'{\(deliveries.map(\.description).joined(separator: ","))}'"
        let lanes = "\(each { _ in "\(portal)" }), \(each { "https://r\($0).example" })"
        let outcomes = ["delivered", "retry", "dead"]
        let attempts =
            "\(ids), \(one), \(one), \(each { _ in "now" }), \(one), \(each { _ in "500" }), \(each { _ in "status" }), "
            + "\(each { _ in "NULL" }), \(each { _ in "x" }), \(each { outcomes[$0 % 3] }), \(one)"
        return [
            "dispatch.claim": ("('{}', \(batch), \(batch), 60, 0, '')", endpoints + batch),
            "dispatch.next_due": ("('{}', \(batch))", endpoints),
            "dispatch.acknowledge": ("(\(attempts))", batch),
            "dispatch.acknowledge_of_any_day": ("(\(attempts))", batch),
            "dispatch.give_back": ("(\(ids), \(one), \(each { _ in "0" }))", batch),
            "breaker.count": ("(\(lanes), \(one), \(one), '\(Identifier.random())')", batch),
            "breaker.open": ("(\(lanes), \(each { _ in "timeout" }))", batch + endpoints * 18),
            "breaker.judge": ("(\(lanes), \(each { _ in "true" }), \(each { _ in "NULL" }))", batch),
            "breaker.give_up": ("", endpoints / 10 * waiting / endpoints),
            "breaker.sweep": ("", 20_000),
        ]
    }

    /// Deliveries that wait.
    private func some() async throws -> [Identifier] {
        var superuser = try await Database.current.connectAsSuperuser()
        return try await superuser.execute(
            "SELECT transaction_id::text FROM countersign.dispatch_queue ORDER BY random() LIMIT \(Self.batch)"
        ).map { try #require(Identifier(try $0.text(0))) }
    }

    /// Deliveries to a hundred endpoints, of which each tenth has failed for an hour; as many that have died, half of them
    /// long ago; and what each of three workers has counted at each endpoint for a while.
    private func fill(_ portal: Int32, isDue: Bool) async throws {
        let due = isDue ? "now() - interval '1 s'" : "now() + (n - 2000) * interval '1 s'"
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.callback_urls (portal_id, url)
            SELECT \(portal), 'https://r' || n || '.example/cb' FROM generate_series(1, 10 * \(Self.endpoints)) n;
            CREATE TEMPORARY TABLE made AS
            SELECT countersign.uuid_v7() AS id, n, 'https://r' || n % \(Self.endpoints) || '.example/cb' AS url
            FROM generate_series(1, \(2 * Self.waiting)) n;
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, resolved_at, portal_id,
                                                   status, auth_type, method, callback_uri, message)
            SELECT id, now(), now(), now(), \(portal), 'cancelled', 'qr-code', 'otp', url, 'Sign in' FROM made;
            INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, portal_id, request_status,
                                                        callback_uri, status, finished_at)
            SELECT id, now(), \(portal), 'cancelled', url, CASE WHEN n <= \(Self.waiting) THEN 'pending' ELSE 'dead' END,
                   CASE WHEN n > \(Self.waiting) THEN now() END FROM made;
            INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, queued_at, token, portal_id,
                                                    request_status, callback_uri)
            SELECT id, \(due), now(), now() - interval '1 hour', 1, \(portal), 'cancelled', url
            FROM made WHERE n <= \(Self.waiting);
            INSERT INTO countersign.dead_deliveries (transaction_id, portal_id)
            SELECT CASE n % 2 WHEN 0 THEN id ELSE countersign.uuid_floor(now() - n * interval '1 min' - interval '90 days') END,
                   \(portal) FROM made WHERE n > \(Self.waiting);
            INSERT INTO countersign.webhook_endpoints (portal_id, origin, state, changed_at, open_until, failing_since)
            SELECT \(portal), 'https://r' || n || '.example', CASE n % 20 WHEN 0 THEN 'half_open' WHEN 10 THEN 'open' ELSE 'closed' END,
                   now() - interval '1 hour', now(), now() - interval '1 hour'
            FROM generate_series(0, 10 * \(Self.endpoints)) n;
            INSERT INTO countersign.webhook_endpoint_counts (portal_id, origin, worker_id, slot, attempts, failures)
            SELECT \(portal), 'https://r' || n || '.example', w, date_bin('10 s', now() - s * interval '10 s', 'epoch'), 10, 9
            FROM generate_series(0, \(Self.endpoints) - 1) n, generate_series(0, 99) s,
                 (VALUES (gen_random_uuid()), (gen_random_uuid()), (gen_random_uuid())) AS workers (w)
            """)
    }
}
