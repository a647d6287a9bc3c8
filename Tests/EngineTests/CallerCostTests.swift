import Countersign
import Postgres
import Support
import Testing

/// What portals and apps call in SQL reads and compares no more than is their own business, however full the tables are:
/// in sessions with no settings of ours, which keep the plans of functions that they made when the tables were empty.
@Suite(.database) struct CallerCostTests {
    /// Of the later calls of a session. Most touch 20 to 50; what is planned at each call reads the catalogs of each day.
    private static let pages = 300
    private static let rows = 250
    /// From the sixth call on the server may keep a plan for all values.
    private static let calls = 7

    @Test(arguments: TableState.allCases) func `no call reads or compares more than its own rows`(
        state: TableState
    ) async throws {
        let site = try await Site.make()
        try await site.enrollMany()
        try await state.begin()
        var portal = try await ExplainingSession.open(as: site.portalLogin)
        var app = try await ExplainingSession.open(as: site.appLogin)
        let nobody = CostSubjects.strangers(site)
        for call in Self.ofPortals(nobody) { try await portal.connection.execute(call.prepare) }
        for call in Self.ofApps(nobody) { try await app.connection.execute(call.prepare) }
        if state == .plannedWhenEmpty {
            try await Database.current.arrangeAsSuperuser("ANALYZE countersign.enrollments")
            try await call(Self.ofPortals(nobody), &portal, state)
            try await call(Self.ofApps(nobody), &app, state)
        }
        try await site.fillTables(isDue: state == .allDueAtOnce)
        let subjects = try await site.subjects()
        let reader = try await state.holdSnapshot(
            "UPDATE countersign.auth_requests SET user_agent = 'touched'")
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica; SET enable_seqscan = off;
            UPDATE countersign.auth_requests SET redeem_once = true, status = 'authenticated', resolved_at = now(),
                   open_until = NULL, confirm_number = '12'
            WHERE transaction_id = '\(subjects.lonely)'
            """)
        try await call(Self.ofPortals(subjects), &portal, state, isBound: true)
        try await call(Self.ofApps(subjects), &app, state, isBound: true)
        withExtendedLifetime(reader) {}
    }

    /// Each row is looked at by the trigger, and a plan that it keeps was made when the table was empty.
    @Test func `of many devices that are enrolled at once each is compared with its user's own`() async throws
    {
        let site = try await Site.make()
        try await Database.current.arrangeAsSuperuser("ANALYZE countersign.enrollments")
        var app = try await ExplainingSession.open(as: site.appLogin, isNested: false)
        let devices = 3_000
        let cost = try await app.cost(
            of: """
                INSERT INTO countersign.enrollments (user_id, device_id)
                SELECT 'user-' || n, 'phone' FROM generate_series(1, \(devices)) n
                """)
        #expect((devices..<50 * devices).contains(cost.pages))
    }

    private struct Call {
        let name, type, sql, value: String

        init(_ name: String, _ type: String, _ sql: String, _ value: String) {
            (self.name, self.type, self.sql, self.value) = (name, type, sql, value)
        }

        var prepare: String { "PREPARE \"\(name)\" (\(type)) AS \(sql)" }
        var execute: String { "EXECUTE \"\(name)\" ('\(value)')" }
    }

    private static func ofPortals(_ of: CostSubjects) -> [Call] {
        [
            Call(
                "insert", "text",
                "INSERT INTO countersign.auth_requests (auth_type, callback_uri, reference) VALUES ('qr-code', '\(Site.callback)', $1)",
                "visit"
            ),
            Call("await_otp", "uuid", "SELECT countersign.await_otp($1, '0 s')", "\(of.issued)"),
            Call("collect_otp", "uuid", "SELECT countersign.collect_otp($1)", "\(of.issued)"),
            Call("own_ends", "timestamptz", "SELECT * FROM countersign.own_ends($1)", "now"),
            Call("own_ends_of", "uuid", "SELECT * FROM countersign.own_ends_of(ARRAY[$1])", "\(of.lonely)"),
            Call(
                "result", "uuid", "SELECT * FROM countersign.auth_results WHERE transaction_id = $1",
                "\(of.issued)"),
            Call(
                "by reference", "text", "SELECT * FROM countersign.auth_results WHERE reference = $1",
                "visit-777"
            ),
            Call("cancel requested", "uuid", "SELECT countersign.cancel_request($1)", "\(of.queued)"),
            Call("cancel issued", "uuid", "SELECT countersign.cancel_request($1)", "\(of.issued)"),
            Call("redeem", "uuid", "SELECT * FROM countersign.redeem($1)", "\(of.lonely)"),
            Call("confirm", "uuid", "SELECT * FROM countersign.confirm_code($1, '12')", "\(of.lonely)"),
        ]
    }

    private static func ofApps(_ of: CostSubjects) -> [Call] {
        let code = String(repeating: "A", count: 64)
        return [
            Call(
                "submit", "uuid",
                "INSERT INTO countersign.submissions (enrollment_id, otp, action) VALUES ($1, '\(code)', 'scan')",
                "\(of.enrollment)"
            ),
            Call(
                "await_submission", "uuid", "SELECT * FROM countersign.await_submission($1, '0 s')",
                "\(of.submission)"),
            Call(
                "submission result", "uuid",
                "SELECT * FROM countersign.submission_results WHERE submission_id = $1",
                "\(of.submission)"
            ),
            Call(
                "enroll", "text",
                "INSERT INTO countersign.enrollments (user_id, device_id) VALUES ('user-7', $1)",
                "tablet"
            ),
            Call(
                "enrollment result", "uuid",
                "SELECT * FROM countersign.enrollment_results WHERE enrollment_id = $1", "\(of.enrollment)"
            ),
        ]
    }

    /// Each several times. Strangers are refused, which makes the plans as well.
    private func call(
        _ calls: [Call], _ session: inout ExplainingSession,
        _ state: TableState, isBound: Bool = false
    ) async throws {
        for call in calls {
            var costs: [ExplainingSession.Cost] = []
            for _ in 1...Self.calls {
                do {
                    costs.append(try await session.cost(of: call.execute))
                } catch let error as PostgresError where !isBound && ("CS" as SQLState) ~= error.state {
                    try await session.connection.execute("ROLLBACK")
                }
            }
            guard isBound else { continue }
            let later = costs.dropFirst()
            // What a vacuum has made the session forget is read again, once.
            #expect(later.map(\.pages).min() ?? 0 < Self.pages, "\(state) \(call.name): \(costs[6].plans)")
            #expect(later.map(\.rows).max() ?? 0 < Self.rows, "\(state) \(call.name): \(costs[6].plans)")
            #expect(!costs[6].plans.isEmpty, "\(call.name) is told of")
        }
    }
}
