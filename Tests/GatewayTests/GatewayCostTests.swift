import Countersign
import Postgres
import Support
import Testing

@testable import Gateway

/// What the gateway's statements read and compare is a matter of the callers that they are for, however full the tables are:
/// its sessions keep the plans that they made when the tables were empty.
@Suite(.database) struct GatewayCostTests {
    /// Tables that hold rows of everybody, partitions with a date behind the name.
    private static let growing = [
        "auth_requests", "submissions", "enrollments", "events", "otp_secrets", "browser_tokens", "webhook_",
        "issue_queue",
        "validate_queue", "enroll_queue", "dispatch_queue",
    ]
    /// Of each caller. A submission is the dearest: it looks into seven tables, and is written into two.
    private static let pages = 180
    private static let rows = 100
    /// What each sign-in asks for: nobody's plan has days in it that have nothing to do with it.
    private static let gathering: Set = [
        "gateway.start_many", "gateway.collect_many", "gateway.submit_many", "gateway.outcomes",
    ]
    /// No more, as their triggers tell of several statements each.
    private static let callers = 25

    @Test(arguments: TableState.allCases) func `no statement reads or compares more than its callers' rows`(
        state: TableState
    ) async throws {
        let site = try await Site.make()
        try await site.enrollMany()
        try await state.begin()
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        let settings = GatewayCell.requestOptions(Database.current.superuserOptions).settings
        var session = try await ExplainingSession.open(as: login, settings)
        let statements = GatewayStatements.all.flatMap { $0.members }
        for statement in statements {
            try await session.connection.execute("PREPARE \"\(statement.name)\" AS \(statement.sql)")
        }
        if state == .plannedWhenEmpty {
            // Of an empty table that was analysed reading all costs nothing. A session may lose such a plan when others change
            // much at the same time, as other tests do, so it is looked at now, too.
            try await Database.current.arrangeAsSuperuser("ANALYZE")
            let nobody = CostSubjects.strangers(site)
            for (name, _, cost) in try await costs(of: statements, nobody, Callers(), &session) {
                let growing = cost.readThrough.filter { table in Self.growing.contains { table.hasPrefix($0) }
                }
                #expect(growing.isEmpty, "\(name) reads through \(growing): \(cost.plans)")
            }
        }
        try await site.fillTables(isDue: state == .allDueAtOnce)
        try await giveTokens()
        let reader = try await state.holdSnapshot(
            "UPDATE countersign.auth_requests SET user_agent = 'touched'")
        let (subjects, some) = (try await site.subjects(), try await some())
        for (name, size, cost) in try await costs(of: statements, subjects, some, &session) {
            #expect(cost.pages < Self.pages * size, "\(state) \(name): \(cost.plans)")
            #expect(cost.rows < Self.rows * size, "\(state) \(name): \(cost.plans)")
            if Self.gathering.contains(name) {
                #expect(cost.days.count <= 4, "\(state) \(name): \(cost.days)")
            }
        }
        withExtendedLifetime(reader) {}
    }

    private func costs(
        of statements: [Statement], _ subjects: CostSubjects, _ some: Callers,
        _ session: inout ExplainingSession
    ) async throws -> [(name: String, size: Int, cost: ExplainingSession.Cost)] {
        var costs: [(name: String, size: Int, cost: ExplainingSession.Cost)] = []
        for statement in statements {
            let call = try #require(
                Self.calls(subjects)[statement.name] ?? Self.calls(of: some)[statement.name],
                "\(statement.name)")
            let size = Self.calls(subjects)[statement.name] == nil ? Self.callers : 1
            do {
                let cost = try await session.cost(
                    of: """
                        SET LOCAL countersign.portal = 'acme'; SET LOCAL countersign.app = 'acme-app';
                        EXECUTE "\(statement.name)"\(call.isEmpty ? "" : "(\(call))")
                        """, below: Self.pages * size)
                costs.append((statement.name, size, cost))
            } catch let error as PostgresError where ("CS" as SQLState) ~= error.state {
                try await session.connection.execute("ROLLBACK")
            }
        }
        return costs
    }

    /// Those for one caller.
    private static func calls(_ of: CostSubjects) -> [String: String] {
        let code = "'\(String(repeating: "A", count: 64))'"
        let draft = "'qr-code', '\(Site.callback)'" + String(repeating: ", NULL", count: 9)
        return [
            "gateway.portal": "'acme'", "gateway.app": "'acme-app'", "gateway.app_channel": "",
            "gateway.portal_channel": "", "gateway.check.app": "", "gateway.check.portal": "",
            "gateway.client_ids": "", "gateway.credentials": "'{a,b,c}'", "gateway.origins": "",
            "gateway.start": draft, "gateway.result": "'\(of.issued)'", "gateway.cancel": "'\(of.issued)'",
            "gateway.redeem": "'\(of.lonely)', NULL", "gateway.confirm": "'\(of.lonely)', '12'",
            "gateway.shown_code": "'\(of.issued)', \(code)", "gateway.enabled": "'user-777', NULL",
            "gateway.enroll": "'user-777', 'tablet', NULL, NULL, NULL", "gateway.enrollments": "'user-777'",
            "gateway.revoke": "'\(of.enrollment)', 'user-777'",
            "gateway.submit":
                "'\(of.enrollment)', \(code), 'scan'\(String(repeating: ", NULL", count: 7)), '\(of.enrollment)', 'user-777'",
            "gateway.repeated": "'\(of.enrollment)', '\(of.issued)', sha256('a'), 'scan', NULL",
        ]
    }

    /// Of every token.
    private static let digest = String(repeating: "01", count: 32)

    /// What many callers ask about at a time.
    private struct Callers {
        var requests = Array(repeating: Identifier.random().description, count: callers)
        var submissions = Array(repeating: Identifier.random().description, count: callers)
        var enrollments = Array(repeating: Identifier.random().description, count: callers)
        var users = Array(repeating: "nobody", count: callers)
    }

    private static func calls(of callers: Callers) -> [String: String] {
        func array(_ values: [String]) -> String { "'{\(values.joined(separator: ","))}'" }
        func each(_ value: String) -> String { array(Array(repeating: value, count: Self.callers)) }
        let (requests, digests) = (array(callers.requests), each("\\\\x\(digest)"))
        let code = each(String(repeating: "A", count: 64))
        return [
            "gateway.start_many": "\(each("acme")), \(each("qr-code")), \(each(Site.callback))"
                + String(repeating: ", \(each("NULL"))", count: 9),
            "gateway.collect_many": "\(each("acme")), \(requests)",
            "gateway.submit_many":
                "'acme-app', \(array(callers.users)), \(array(callers.enrollments)), \(code), \(each("scan"))"
                + String(repeating: ", \(each("NULL"))", count: 7),
            "gateway.outcomes": "'acme-app', \(array(callers.submissions))",
            "gateway.store_browser_tokens": "\(each("acme")), \(requests), \(digests), \(digests)",
            "gateway.browser_states": "\(requests), \(digests)",
            "gateway.collect_for_browsers": "\(requests), \(digests), \(digests)",
        ]
    }

    private func some() async throws -> Callers {
        var superuser = try await Database.current.connectAsSuperuser()
        let rows = try await superuser.execute(
            """
            SET enable_nestloop = off;
            SELECT s.transaction_id::text, s.submission_id::text, s.enrollment::text, e.user_id
            FROM countersign.submissions s JOIN countersign.enrollments e ON e.enrollment_id = s.enrollment
            ORDER BY random() LIMIT \(Self.callers)
            """)
        return Callers(
            requests: try rows.map { try $0.text(0) }, submissions: try rows.map { try $0.text(1) },
            enrollments: try rows.map { try $0.text(2) }, users: try rows.map { try $0.text(3) })
    }

    /// To the page of each request.
    private func giveTokens() async throws {
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.browser_tokens (transaction_id, expires_at, portal_id, digest)
            SELECT transaction_id, expires_at, portal_id, '\\x\(Self.digest)' FROM countersign.auth_requests
            """)
    }
}
