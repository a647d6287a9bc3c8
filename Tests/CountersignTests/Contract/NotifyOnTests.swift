import Countersign
import Postgres
import Support
import Testing

/// Which ends of a portal's requests call back.
@Suite(.database) struct NotifyOnTests {
    private static let ends = ["authenticated", "denied", "expired", "cancelled", "failed"]

    /// Requests that have ended in each way, by their end.
    private func ended(_ site: Site) async throws -> [String: Identifier] {
        var portal = try await site.portal()
        var ids: [String: Identifier] = [:]
        for end in Self.ends {
            let id = try await portal.request()
            if end == "expired" { try await Database.current.makeDue(id) }
            try await Database.current.arrange(
                "SELECT countersign.end_requests(ARRAY['\(id)'::uuid], ARRAY['\(end)'])")
            #expect(try await portal.status(id) == end)
            ids[end] = id
        }
        return ids
    }

    private func deliveries(_ table: String) async throws -> Set<String> {
        var owner = try await Database.current.connect()
        let rows = try await owner.execute("SELECT request_status FROM countersign.\(table)")
        return Set(try rows.map { try $0.text(0) })
    }

    @Test(arguments: [ends, [], ["authenticated"], ["denied", "expired"], ["cancelled", "failed"]])
    func `only those that were chosen`(chosen: [String]) async throws {
        let site = try await Site.make()
        try await Database.current.arrange(
            "UPDATE countersign.portals SET notify_on = '{\(chosen.joined(separator: ","))}'")
        let ids = try await ended(site)
        #expect(ids.count == 5)
        for table in ["webhook_deliveries", "dispatch_queue"] {
            #expect(try await deliveries(table) == Set(chosen))
        }
        var portal = try await site.portal()
        let own = try await portal.execute(
            "SELECT name, array_to_string(notify_on, ',') FROM countersign.own_portal")
        #expect(own.count == 1)
        #expect(try own[0].text(0) == "acme" && own[0].text(1) == chosen.joined(separator: ","))
    }

    @Test func `a request without an address calls nobody, and is told by the channel`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let channel = try await portal.execute("SELECT countersign.portal_channel()")[0].text(0)
        try await portal.listen(to: [channel])
        let made = try await portal.execute(
            """
            INSERT INTO countersign.auth_requests (auth_type) VALUES ('qr-code') RETURNING transaction_id::text
            """)
        let id = try made[0].text(0)
        #expect(try await portal.execute("SELECT countersign.cancel_request('\(id)')")[0].bool(0))
        let result = try await portal.execute(
            """
            SELECT status::text, callback_uri FROM countersign.auth_results WHERE transaction_id = '\(id)'
            """)[0]
        #expect(try result.text(0) == "cancelled" && result.optionalText(1) == nil)
        #expect(try await deliveries("webhook_deliveries") == [])
        #expect(try await deliveries("dispatch_queue") == [])
        var told: [String] = []
        while told.isEmpty { told = try await portal.notifications().map(\.payload) }
        #expect(told == ["cancelled \(id)"])
    }

    /// Also what only the full check admits.
    @Test func `it may be left out in each language, and where all addresses are allowed`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        for setting in ["true", "false"] {
            try await Database.current.arrange(
                "UPDATE countersign.settings SET callback_allowlist_enabled = \(setting)")
            for language in ["en", "nl-BE"] {
                try await portal.execute(
                    """
                    INSERT INTO countersign.auth_requests (auth_type, language_code)
                    VALUES ('qr-code', '\(language)')
                    """)
            }
        }
        let count = try await portal.execute(
            "SELECT count(*) FROM countersign.auth_results WHERE callback_uri IS NULL")
        #expect(try count[0].int(0) == 4)
    }

    @Test(arguments: ["{scanned}", "{denied,NULL}", "{\"\"}"])
    func `what is no end is refused`(ends: String) async throws {
        _ = try await Site.make()
        var owner = try await Database.current.connect()
        let error = try await owner.refusal(
            of: "UPDATE countersign.portals SET notify_on = \(quotedLiteral(ends))")
        #expect(error?.state == "23514")
    }
}
