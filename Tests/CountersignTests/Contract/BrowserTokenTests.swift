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
