import Countersign
import Postgres
import Support
import Testing

/// A visitor who reloads a page without end uses up the own limit, and nobody else notices.
@Suite(.database) struct SourceLimitTests {
    private func limit(_ most: String) async throws {
        try await Database.current.arrange("UPDATE countersign.portals SET max_starts_per_source = \(most)")
    }

    private let visitor = "203.0.113.7"

    @Test func `a visitor with 1,000 starts is refused, and nobody else`() async throws {
        let (acme, globex) = (try await Site.make(), try await Site.make("globex"))
        try await limit("30")
        var portal = try await acme.portal()
        var refusals: [PostgresError] = []
        for _ in 0..<1_000 {
            if let refusal = try await portal.refusal(from: visitor) { refusals.append(refusal) }
        }
        #expect(refusals.count == 970)
        #expect(Set(refusals.map(\.state)) == ["CS008"])
        #expect(
            refusals.first?.message
                == "203.0.113.7 has started as many requests within a minute as one source "
                + "may, which is 30; try again later")
        #expect(try await portal.refusal(from: "203.0.113.8", 30) == nil)
        #expect(try await portal.refusal(from: nil, 100) == nil)
        var other = try await globex.portal()
        #expect(try await other.refusal(from: visitor, 30) == nil)
        // A minute later.
        try await Database.current.arrange(
            """
            UPDATE countersign.auth_requests SET transaction_id = overlay(transaction_id::text
                PLACING left(countersign.uuid_floor(clock_timestamp() - interval '61 s')::text, 13) FROM 1)::uuid
            """)
        #expect(try await portal.refusal(from: visitor, 30) == nil)
        #expect(try await portal.refusal(from: visitor)?.state == "CS008")
    }

    @Test func `one statement passes it by none`() async throws {
        let site = try await Site.make()
        try await limit("30")
        var portal = try await site.portal()
        #expect(try await portal.refusal(from: visitor, 31)?.state == "CS008")
        #expect(try await portal.refusal(from: visitor, 30) == nil)
    }

    /// Two transactions of one source that are open at a time do not see each other, and neither waits.
    @Test func `nobody waits for another`() async throws {
        let site = try await Site.make()
        try await limit("2")
        var one = try await site.portal()
        var two = try await site.portal()
        try await one.execute("BEGIN")
        #expect(try await one.refusal(from: visitor, 2) == nil)
        #expect(try await two.refusal(from: visitor, 2) == nil)
        try await one.execute("COMMIT")
        #expect(try await two.refusal(from: visitor)?.state == "CS008")
    }

    @Test(arguments: [
        ("2001:db8:1:100::1", "2001:db8:1:1ff:ffff::2", true),
        ("2001:db8:1:100::1", "2001:db8:1:200::1", false),
        ("203.0.113.7", "::ffff:203.0.113.7", true), ("::ffff:203.0.113.8", "::ffff:203.0.113.7", false),
    ])
    func `what one source is`(first: String, second: String, isSame: Bool) async throws {
        let site = try await Site.make()
        try await limit("3")
        var portal = try await site.portal()
        #expect(try await portal.refusal(from: first, 3) == nil)
        let refusal = try await portal.refusal(from: second)
        #expect((refusal != nil) == isSame)
    }

    @Test func `without a limit nothing is written or counted`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        #expect(try await portal.refusal(from: visitor, 200) == nil)
        #expect(
            try await Database.current.count(
                "SELECT count(*) FROM countersign.auth_requests WHERE source IS NOT NULL") == 0)
    }
}

extension Connection {
    /// Of so many starts in one statement.
    fileprivate mutating func refusal(from address: String?, _ count: Int32 = 1) async throws
        -> PostgresError?
    {
        try await refusal(of: Self.start, [Parameter(address), .int32(count)])
    }

    private static let start = Statement(
        "start",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, ip_address)
        SELECT 'qr-code', '\(Site.callback)', $1 FROM generate_series(1, $2) RETURNING transaction_id
        """)
}
