import Countersign
import Postgres
import Support
import Testing

/// A portal's limit of open requests is counted once a second; what one transaction inserts is bounded by itself.
@Suite(.database) struct RequestLimitTests {
    private func insert(_ count: Int) -> String {
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri)
        SELECT 'qr-code', '\(Site.callback)' FROM generate_series(1, \(count))
        """
    }

    @Test func `one statement cannot pass the limit many times over`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange("UPDATE countersign.portals SET max_open_requests = 1000")
        var portal = try await site.portal()
        let error = try #require(try await portal.refusal(of: insert(20_000)))
        #expect(error.state == "CS008" && error.message.contains("limit of 1000 open requests"))
        #expect(try await Database.current.rowCounts()["auth_requests"] == 0)
        #expect(try await portal.refusal(of: insert(1000)) == nil)
    }

    @Test func `nor can one transaction of many statements`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange("UPDATE countersign.portals SET max_open_requests = 1000")
        var portal = try await site.portal()
        try await portal.execute("BEGIN")
        var refused: PostgresError?
        for _ in 0..<20 where refused == nil { refused = try await portal.refusal(of: insert(1000)) }
        #expect(refused?.state == "CS008")
    }

    /// What it was refused for is looked for a second time, and may be over by then.
    @Test func `who is refused for what is over may try again`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        _ = try await portal.request()
        var owner = try await Database.current.connect()
        let refusal = try await owner.refusal(
            of: "SELECT countersign.refuse_auth_request(r) FROM countersign.auth_requests r")
        #expect(refusal?.state == "CS008" && refusal?.message.contains("try again") == true)
    }

    @Test func `a limit that is one takes one`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange("UPDATE countersign.portals SET max_open_requests = 1")
        var portal = try await site.portal()
        #expect(try await portal.refusal(of: insert(1)) == nil)
    }
}
