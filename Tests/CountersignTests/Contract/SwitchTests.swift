import Countersign
import Postgres
import Support
import Testing

/// Switches act on the stages, too: an INSERT in a snapshot from before slips past the trigger.
@Suite(.database) struct SwitchTests {
    /// Opens a snapshot, lets the owner change something, and inserts in the old one.
    private func slipPast(
        _ change: String, _ session: inout Connection, _ statement: Statement, _ parameters: [Parameter]
    ) async throws -> Identifier {
        try await session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class LIMIT 1")
        try await Database.current.arrange("UPDATE countersign.\(change)")
        let id = try await session.run(statement, parameters)[0].identifier(0)
        try await session.execute("COMMIT")
        return id
    }

    @Test func `mobile authentication off: what slips past is not issued, and expires`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let change = "settings SET mobile_authentication_enabled = false"
        let id = try await slipPast(change, &portal, SQL.insert, ["visit"])
        #expect(try await portal.refusal(of: SQL.insert, ["visit"])?.state == "CS001")
        try await withWorkerLogin(stages: [.issue]) { _ in
            try await eventually("the queue is empty") {
                try await Database.current.rowCounts()["issue_queue"] == 0
            }
            #expect(try await portal.status(id) == "requested")
            #expect(try await Database.current.rowCounts()["otp_secrets"] == 0)
            #expect(try await portal.run(SQL.awaitBriefly, [.identifier(id)])[0].optionalText(0) == nil)
        }
        let login = try await Database.current.makeLogin("expirer", in: .worker)
        let options = Database.current.options(login: login)
        try await withWorker(stages: [.expire], options: options) { _ in
            try await eventually("it expires") { try await portal.status(id) == "expired" }
        }
    }

    @Test func `mobile authentication off: what is open expires before its time`() async throws {
        let site = try await Site.make(expiresIn: 600)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (scanned, code) = try await portal.issued()
            #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
            let uncollected = try await portal.request()
            try await portal.waitUntilIssued(uncollected)
            try await Database.current.arrange(
                "UPDATE countersign.settings SET mobile_authentication_enabled = false")
            for id in [scanned, uncollected] {
                try await eventually("it expires") { try await portal.status(id) == "expired" }
            }
            #expect(try await app.submit(enrollment, code, "accept").reason == "expired")
            #expect(try await Database.current.rowCounts()["otp_secrets"] == 0)
        }
    }

    @Test func `mobile authentication off: no answer counts, though nothing has expired yet`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (id, code) = try await portal.issued()
            try await Database.current.arrange(
                "UPDATE countersign.settings SET mobile_authentication_enabled = false")
            for action in ["scan", "accept", "deny"] {
                #expect(try await app.submit(enrollment, code, action).reason == "expired")
            }
            #expect(try await portal.status(id) == "issued")
            try await Database.current.arrange(
                "UPDATE countersign.settings SET mobile_authentication_enabled = true")
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
        }
    }

    @Test func `enrollment off: what slips past is rejected, and so is what was pending`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let pending = try await app.run(SQL.enroll, ["bob", "phone"])[0].identifier(0)
        let slipped = try await slipPast(
            "settings SET enrollment_enabled = false", &app, SQL.enroll, ["alice", "phone"])
        #expect(try await app.refusal(of: SQL.enroll, ["carol", "phone"])?.state == "CS007")
        var portal = try await site.portal()
        #expect(try await portal.refusal(of: SQL.insert, ["visit"])?.state == "CS007")
        try await withWorkerLogin { _ in
            for id in [pending, slipped] {
                try await eventually("it is rejected") {
                    try await app.run(SQL.enrollment, [.identifier(id)])[0].text(0) == "rejected"
                }
                let reason = try await app.run(SQL.enrollment, [.identifier(id)])[0].text(1)
                #expect(reason == "enrollment is disabled")
            }
        }
    }

    @Test func `enrollment off: a request that slips past cannot be answered`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let change = "settings SET enrollment_enabled = false"
            let id = try await slipPast(change, &portal, SQL.insert, ["visit"])
            if let code = try await portal.run(SQL.await_, [.identifier(id)])[0].optionalText(0) {
                #expect(try await app.submit(enrollment, code, "accept").reason == "enrollment_disabled")
            }
            let row = try await portal.run(SQL.status, [.identifier(id)])[0]
            #expect(try row.optionalBool(1) != true)
        }
    }

    @Test func `a portal disabled: what slips past waits, and goes on when it is enabled again`() async throws
    {
        let site = try await Site.make("acme")
        let other = try await Site.make("other")
        var portal = try await site.portal()
        let change = "portals SET enabled = false WHERE name = 'acme'"
        let id = try await slipPast(change, &portal, SQL.insert, ["visit"])
        #expect(try await portal.refusal(of: SQL.insert, ["visit"])?.state == "CS008")
        try await withWorkerLogin { _ in
            var second = try await other.portal()
            _ = try await second.issued()
            #expect(try await portal.status(id) == "requested")
            try await Database.current.arrange("UPDATE countersign.portals SET enabled = true")
            #expect(try await portal.code(id).utf8.count == 64)
        }
    }

    @Test func `an app disabled: what slips past is rejected`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let id = try await slipPast("apps SET enabled = false", &app, SQL.enroll, ["alice", "phone"])
        #expect(try await app.refusal(of: SQL.enroll, ["alice", "phone"])?.state == "CS008")
        try await withWorkerLogin { _ in
            try await eventually("it is rejected") {
                try await app.run(SQL.enrollment, [.identifier(id)])[0].text(0) == "rejected"
            }
        }
    }

    /// More open requests than its limit: new ones are refused until some have ended.
    @Test func `the limit of open requests is enforced and lifted again`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange("UPDATE countersign.portals SET max_open_requests = 3")
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var ids: [Identifier] = []
            for _ in 0..<3 { ids.append(try await portal.request()) }
            try await eventually("the limit is noticed") {
                guard try await portal.refusal(of: SQL.insert, ["more"])?.state != "CS008" else {
                    return true
                }
                return false
            }
            let open = try await portal.execute("SELECT transaction_id FROM countersign.auth_results")
            for row in open { _ = try await portal.cancel(try row.identifier(0)) }
            try await eventually("it is lifted") { try await portal.refusal(of: SQL.insert, ["more"]) == nil }
        }
    }
}
