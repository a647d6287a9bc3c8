import Countersign
import Postgres
import Support
import Testing

/// One portal knows everything about another's request, its id included, and can do nothing with it.
@Suite(.database) struct PortalIsolationTests {
    private let calls = [
        "SELECT countersign.collect_otp($1)", "SELECT countersign.await_otp($1, '1 s')",
        "SELECT countersign.cancel_request($1)",
    ].map { Statement($0, $0) }

    /// What the victim had stays as it was.
    private func expectNothing(
        of transaction: Identifier, for intruder: inout Connection, _ comment: Comment
    ) async throws {
        var messages: Set<String> = []
        for call in calls {
            let error = try await intruder.refusal(of: call, [.identifier(transaction)])
            #expect(error?.state == "CS006", "\(comment): \(call.name)")
            messages.insert(error?.message ?? "")
            let unknown = try await intruder.refusal(of: call, [.identifier(.random())])
            messages.insert(unknown?.message ?? "")
        }
        #expect(messages == ["transaction_id is not that of a request of this portal"])
        let own = try await intruder.run(SQL.status, [.identifier(transaction)])
        #expect(own.isEmpty, comment)
    }

    @Test func `a foreign request looks as if it did not exist, in every state`() async throws {
        let (victims, intruders) = (try await Site.make("acme"), try await Site.make("other"))
        var intruder = try await intruders.portal()
        var portal = try await victims.portal()
        let waiting = try await portal.request()
        try await expectNothing(of: waiting, for: &intruder, "requested")
        #expect(try await portal.status(waiting) == "requested")
        try await withWorkerLogin { _ in
            var app = try await victims.app()
            let enrollment = try await app.enroll("alice")
            try await portal.waitUntilIssued(waiting)
            try await expectNothing(of: waiting, for: &intruder, "issued")
            let code = try await portal.code(waiting)
            #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
            try await expectNothing(of: waiting, for: &intruder, "scanned")
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
            try await expectNothing(of: waiting, for: &intruder, "authenticated")
        }
        #expect(try await portal.status(waiting) == "authenticated")
    }

    @Test func `lists hold one's own requests only`() async throws {
        let (one, other) = (try await Site.make("acme"), try await Site.make("other"))
        var portal = try await one.portal()
        var intruder = try await other.portal()
        let mine = try await portal.request("mine")
        let theirs = try await intruder.request("theirs")
        for sql in [
            "SELECT transaction_id FROM countersign.auth_results",
            "SELECT transaction_id FROM countersign.auth_requests",
            "SELECT transaction_id FROM countersign.auth_requests WHERE true OR status = 'issued'",
        ] {
            #expect(try await portal.execute(sql).map { try $0.identifier(0) } == [mine])
            #expect(try await intruder.execute(sql).map { try $0.identifier(0) } == [theirs])
        }
        let ends = "SELECT transaction_id FROM countersign.own_ends(clock_timestamp() - interval '1 h')"
        let endsOf = "SELECT transaction_id FROM countersign.own_ends_of('{\(mine),\(theirs)}')"
        for sql in [ends, endsOf] { #expect(try await portal.execute(sql).isEmpty) }
        try await portal.execute("SELECT countersign.cancel_request('\(mine)')")
        try await intruder.execute("SELECT countersign.cancel_request('\(theirs)')")
        for sql in [ends, endsOf] {
            #expect(try await portal.execute(sql).map { try $0.identifier(0) } == [mine])
            #expect(try await intruder.execute(sql).map { try $0.identifier(0) } == [theirs])
        }
    }

    @Test func `switching row security off shows nothing`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        try await portal.execute("SET row_security = off")
        let sql = "SELECT transaction_id FROM countersign.auth_requests"
        #expect(try await portal.refusal(of: sql)?.state == noPrivilege)
    }

    /// current_portal() goes by the login, not by the role that the session plays.
    @Test func `playing another role changes nothing`() async throws {
        let (one, other) = (try await Site.make("acme"), try await Site.make("other"))
        var portal = try await one.portal()
        var victim = try await other.portal()
        let theirs = try await victim.request()
        let forbidden = [
            "SET ROLE countersign_gateway", "SET ROLE countersign_worker", "SET ROLE countersign_app",
            "SET ROLE \(other.portalLogin.name)", "SET SESSION AUTHORIZATION \(other.portalLogin.name)",
        ]
        for sql in forbidden { #expect(try await portal.refusal(of: sql)?.state == noPrivilege, "\(sql)") }
        try await portal.execute("SET ROLE countersign_portal")
        try await expectNothing(of: theirs, for: &portal, "as countersign_portal")
        let mine = try await portal.request()
        #expect(try await portal.status(mine) == "requested")
    }

    @Test func `a login of the group that is no portal's sees and gets nothing`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let theirs = try await portal.request()
        let login = try await Database.current.makeLogin("nobodys", in: .portal)
        var stray = try await Database.current.connect(as: login)
        try await expectNothing(of: theirs, for: &stray, "a stray login")
        #expect(try await stray.execute("SELECT countersign.portal_channel() IS NULL")[0].bool(0))
        let error = try await stray.refusal(of: SQL.insert, ["visit"])
        #expect(error?.state == "CS008" && error?.message.contains("belongs to no portal") == true)
    }

    @Test func `a portal can do nothing that is an app's, nor the other way round`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var app = try await site.app()
        let ofApps = [
            "SELECT FROM countersign.submission_results", "SELECT FROM countersign.enrollment_results",
            "SELECT countersign.app_channel()", "SELECT countersign.current_app()",
            "SELECT countersign.await_submission(gen_random_uuid(), '1 s')",
            "INSERT INTO countersign.enrollments (user_id, device_id) VALUES ('a', 'b')",
            "INSERT INTO countersign.submissions (otp) VALUES ('a')",
        ]
        let ofPortals = [
            "SELECT FROM countersign.auth_results", "SELECT countersign.portal_channel()",
            "SELECT countersign.current_portal()", "SELECT countersign.collect_otp(gen_random_uuid())",
            "SELECT countersign.await_otp(gen_random_uuid(), '1 s')",
            "SELECT countersign.cancel_request(gen_random_uuid())",
            "INSERT INTO countersign.auth_requests (auth_type) VALUES ('qr-code')",
        ]
        for sql in ofApps { #expect(try await portal.refusal(of: sql)?.state == noPrivilege, "\(sql)") }
        for sql in ofPortals { #expect(try await app.refusal(of: sql)?.state == noPrivilege, "\(sql)") }
    }
}
