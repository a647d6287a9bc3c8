import Countersign
import Postgres
import Support
import Testing

/// Results that are taken once, by whoever redeems them first, instead of being read for 300 seconds.
@Suite(.database) struct RedeemTests {
    private static let columns =
        "status::text, is_authenticated::text, user_id, coalesce(signature_verified::text, device_id), redemption"
    private static let redeem = Statement("redeem", "SELECT \(columns) FROM countersign.redeem($1)")
    private static let result = Statement(
        "unredeemed", "SELECT \(columns) FROM countersign.auth_results WHERE transaction_id = $1")

    private func texts(_ row: Row) throws -> [String?] { try (0..<5).map { try row.optionalText($0) } }

    /// A request that was accepted.
    private func authenticated(_ site: Site) async throws -> Identifier {
        var portal = try await site.portal()
        var app = try await site.app()
        let (id, code) = try await portal.issued()
        let answer = try await app.submit(try await app.enroll("alice"), code, "accept")
        #expect(answer.result == "accepted")
        return id
    }

    private func make(_ name: String = "acme") async throws -> Site {
        let site = try await Site.make(name)
        try await Database.current.arrange("UPDATE countersign.auth_types SET redeem_once = true")
        return site
    }

    @Test func `a result is taken once, and not read before or after`() async throws {
        let site = try await make()
        try await withWorkerLogin { _ in
            let id = try await authenticated(site)
            var portal = try await site.portal()
            let unread: [String?] = ["authenticated", "false", nil, nil]
            #expect(try texts(try await portal.run(Self.result, [.identifier(id)])[0]) == unread + ["open"])
            let taken = try texts(try await portal.run(Self.redeem, [.identifier(id)])[0])
            #expect(taken == ["authenticated", "true", "alice", "false", "taken"])
            for statement in [Self.redeem, Self.result] {
                #expect(
                    try texts(try await portal.run(statement, [.identifier(id)])[0]) == unread + ["taken"])
            }
            let events = try await Database.current.count(
                "SELECT count(*) FROM countersign.events WHERE type = 'request.redeemed'")
            #expect(events == 1)
        }
    }

    @Test func `of two at the same time one gets it, and a rolled-back one has taken nothing`() async throws {
        let site = try await make()
        try await withWorkerLogin { _ in
            let id = try await authenticated(site)
            var first = try await site.portal()
            var second = try await site.portal()
            try await first.execute("BEGIN")
            try await second.execute("BEGIN")
            #expect(try texts(try await first.run(Self.redeem, [.identifier(id)])[0])[1] == "true")
            // Whoever reads meanwhile, in a transaction that began before, reads nothing.
            #expect(try texts(try await second.run(Self.result, [.identifier(id)])[0])[1] == "false")
            #expect(try texts(try await first.run(Self.result, [.identifier(id)])[0])[1] == "true")
            try await first.execute("ROLLBACK")
            #expect(try texts(try await second.run(Self.redeem, [.identifier(id)])[0])[1] == "true")
            try await second.execute("COMMIT")
            #expect(try texts(try await first.run(Self.redeem, [.identifier(id)])[0])[1] == "false")
            #expect(try texts(try await second.run(Self.result, [.identifier(id)])[0])[1] == "false")
        }
    }

    @Test func `an old result, a foreign one, and one that is not to be redeemed`() async throws {
        let (site, other) = (try await make(), try await make("globex"))
        try await withWorkerLogin { _ in
            let id = try await authenticated(site)
            var portal = try await site.portal()
            var globex = try await other.portal()
            #expect(try await globex.refusal(of: Self.redeem, [.identifier(id)])?.state == "CS006")
            try await Database.current.arrange(
                "UPDATE countersign.auth_requests SET resolved_at = clock_timestamp() - interval '300 s'")
            #expect(try texts(try await portal.run(Self.redeem, [.identifier(id)])[0])[1] == "false")
            let (open, _) = try await portal.issued()
            #expect(
                try texts(try await portal.run(Self.redeem, [.identifier(open)])[0]) == [
                    "issued", nil, nil, nil, nil,
                ])
            try await Database.current.arrange("UPDATE countersign.auth_types SET redeem_once = false")
            let plain = try await authenticated(site)
            #expect(try await portal.refusal(of: Self.redeem, [.identifier(plain)])?.state == "CS003")
        }
    }
}
