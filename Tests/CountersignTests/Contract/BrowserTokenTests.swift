import Countersign
import Postgres
import Support
import Testing

/// The token of a visitor's page, for portals that speak SQL.
@Suite(.database) struct BrowserTokenTests {
    private static let token = Statement("token", "SELECT countersign.browser_token($1)")

    @Test func `a portal gets one for its own open request, once, and it is stored nowhere`() async throws {
        let site = try await Site.make()
        let other = try await Site.make("other")
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            let (id, _) = try await portal.issued()
            let token = try await portal.run(Self.token, [.identifier(id)])[0].text(0)
            #expect(token.wholeMatch(of: /[A-Za-z0-9_-]{22}/) != nil)
            #expect(try await Database.current.everythingStored().contains(token) == false)
            let again = try await portal.refusal(of: Self.token, [.identifier(id)])
            #expect(again?.state == "CS003" && again?.message.contains("has a browser token already") == true)
            var stranger = try await other.portal()
            #expect(try await stranger.refusal(of: Self.token, [.identifier(id)])?.state == "CS006")
            let (ended, _) = try await portal.issued()
            try await portal.run(SQL.cancel, [.identifier(ended)])
            let late = try await portal.refusal(of: Self.token, [.identifier(ended)])
            #expect(late?.state == "CS003" && late?.message.contains("has ended") == true)
        }
    }

    /// Two requests of two portals, as the gateway stores the tokens of many.
    private func store(_ held: Identifier, _ free: Identifier, _ gateway: inout Connection) async throws {
        let digest = [UInt8](repeating: 7, count: 32)
        try await gateway.run(
            Statement("store", "SELECT countersign.store_browser_tokens($1, $2, $3, $4)"),
            [
                .texts(["acme", "other"]), .identifiers([held, free]), .byteses([digest, digest]),
                .byteses([digest, digest]),
            ])
    }

    @Test func `who sits in the transaction of one holds up nobody`() async throws {
        let site = try await Site.make()
        let other = try await Site.make("other")
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        var gateway = try await Database.current.connect(as: login)
        try await gateway.execute("SET lock_timeout = '50ms'")
        var holder = try await site.portal()
        var second = try await site.portal()
        var portal = try await other.portal()
        let held = try await holder.request()
        let free = try await portal.request()
        let kept = "SELECT count(*) FROM countersign.browser_tokens"
        try await holder.execute("BEGIN")
        try await holder.run(Self.token, [.identifier(held)])
        try await store(held, free, &gateway)
        #expect(try await Database.current.count(kept) == 1)
        try await second.execute("SET lock_timeout = '50ms'")
        #expect(try await second.refusal(of: Self.token, [.identifier(held)])?.state == "CS008")
        try await holder.execute("ROLLBACK")
        try await store(held, free, &gateway)
        #expect(try await Database.current.count(kept) == 2)
    }

    /// Each has a place in the lock table, which all share.
    @Test func `a transaction gets sixteen`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var ids: [Identifier] = []
        for _ in 0..<17 { ids.append(try await portal.request()) }
        try await portal.execute("BEGIN")
        for id in ids.prefix(16) { try await portal.run(Self.token, [.identifier(id)]) }
        #expect(try await portal.refusal(of: Self.token, [.identifier(ids[16])])?.state == "CS008")
        try await portal.execute("ROLLBACK")
        for id in ids { try await portal.run(Self.token, [.identifier(id)]) }
    }

    @Test func `what is no origin is not stored`() async throws {
        let site = try await Site.make()
        var owner = try await Database.current.connect()
        let insert = Statement(
            "origin", "INSERT INTO countersign.browser_origins VALUES ($1, $2)")
        for origin in [
            "https://acme.example", "http://127.0.0.1:3000", "https://[2001:db8::7]",
            "https://a_b.example:8443",
        ] {
            try await owner.run(insert, [.int32(site.portalID), .text(origin)])
        }
        for origin in [
            "https://acme.example/", "https://Acme.example", "https://acme.example:443",
            "http://acme.example:80",
            "acme.example", "null", "*", "https://*.acme.example", "https://a..example", "file://x",
            "https://user@acme.example", "https://acme.example:", "https://acme.example:08443",
        ] {
            let refusal = try await owner.refusal(of: insert, [.int32(site.portalID), .text(origin)])
            #expect(refusal?.constraint == "browser_origins_form", "\(origin)")
        }
    }
}
