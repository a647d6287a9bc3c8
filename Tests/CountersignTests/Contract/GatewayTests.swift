import Countersign
import Postgres
import Support
import Testing

/// `SET LOCAL countersign.portal` and `countersign.app`: for members of `countersign_gateway`, and only then.
@Suite(.database) struct GatewayTests {
    private func gateway() async throws -> Connection {
        try await Database.current.connect(
            as: try await Database.current.makeLogin("gateway", in: .gateway))
    }

    private let whoAmI = "SELECT countersign.current_portal()"

    @Test func `a member acts for the portal that it names, until the transaction ends`() async throws {
        let one = try await Site.make("acme")
        let other = try await Site.make("other")
        var gateway = try await gateway()
        #expect(try await gateway.execute(whoAmI)[0].optionalInt(0) == nil)
        try await gateway.execute("BEGIN; SET LOCAL countersign.portal = 'acme'")
        #expect(try await gateway.execute(whoAmI)[0].int(0) == Int(one.portalID))
        let transaction = try await gateway.request()
        try await gateway.execute("COMMIT")

        #expect(try await gateway.execute(whoAmI)[0].optionalInt(0) == nil)
        #expect(try await gateway.refusal(of: SQL.insert, ["visit"])?.state == "CS008")
        #expect(try await gateway.refusal(of: SQL.cancel, [.identifier(transaction)])?.state == "CS006")
        #expect(try await gateway.run(SQL.status, [.identifier(transaction)]).isEmpty)
        var portal = try await one.portal()
        #expect(try await portal.status(transaction) == "requested")

        try await gateway.execute("BEGIN; SET LOCAL countersign.portal = 'other'")
        #expect(try await gateway.execute(whoAmI)[0].int(0) == Int(other.portalID))
        #expect(try await gateway.run(SQL.status, [.identifier(transaction)]).isEmpty)
        #expect(try await gateway.refusal(of: SQL.collect, [.identifier(transaction)])?.state == "CS006")
    }

    @Test(arguments: ["", "nobody", "ACME", "1", "acme' OR true --", "acme_app"])
    func `a name that is no portal's is nobody`(name: String) async throws {
        _ = try await Site.make("acme")
        var gateway = try await gateway()
        let set = Statement("set", "SELECT set_config('countersign.portal', $1, true)")
        try await gateway.execute("BEGIN")
        try await gateway.run(set, [.text(name)])
        #expect(try await gateway.execute(whoAmI)[0].optionalInt(0) == nil)
        #expect(try await gateway.refusal(of: SQL.insert, ["visit"])?.state == "CS008")
    }

    @Test func `a member acts for the app that it names`() async throws {
        let site = try await Site.make("acme")
        _ = try await Site.make("other")
        var gateway = try await gateway()
        try await gateway.execute("BEGIN; SET LOCAL countersign.app = 'acme-app'")
        let enrollment = try await gateway.run(SQL.enroll, ["alice", "phone"])[0].identifier(0)
        try await gateway.execute("COMMIT; BEGIN; SET LOCAL countersign.app = 'other-app'")
        #expect(try await gateway.run(SQL.enrollment, [.identifier(enrollment)]).isEmpty)
        try await gateway.execute("COMMIT")
        var app = try await site.app()
        #expect(try await app.run(SQL.enrollment, [.identifier(enrollment)])[0].text(0) == "pending")
    }

    @Test func `nobody else becomes another by naming it`() async throws {
        let one = try await Site.make("acme")
        let other = try await Site.make("other")
        var victim = try await other.portal()
        let theirs = try await victim.request()
        var portal = try await one.portal()
        for set in ["SET", "SET LOCAL", "SET SESSION"] {
            try await portal.execute("BEGIN; \(set) countersign.portal = 'other'")
            #expect(try await portal.execute(whoAmI)[0].int(0) == Int(one.portalID))
            #expect(try await portal.run(SQL.status, [.identifier(theirs)]).isEmpty)
            #expect(try await portal.refusal(of: SQL.collect, [.identifier(theirs)])?.state == "CS006")
            try await portal.execute("ROLLBACK")
        }
        var app = try await one.app()
        try await app.execute("SET countersign.app = 'other-app'")
        #expect(try await app.execute("SELECT countersign.current_app()")[0].int(0) == Int(one.appID))

        let stray = try await Database.current.makeLogin("stray", in: .portal)
        var nobody = try await Database.current.connect(as: stray)
        try await nobody.execute("SET countersign.portal = 'other'")
        #expect(try await nobody.execute(whoAmI)[0].optionalInt(0) == nil)
    }
}
