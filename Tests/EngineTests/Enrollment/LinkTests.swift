import Countersign
import Engine
import Postgres
import Support
import Testing

/// Sign-ins by a link on the same device: the result is for the browser that the app has opened, and for no other.
@Suite(.database) struct LinkTests {
    private static let start = Statement(
        "start",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, return_uri)
        VALUES ('qr-code', '\(Site.callback)', $1) RETURNING transaction_id
        """)
    private static let submit = Statement(
        "submit_by",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, channel) VALUES ($1::uuid::text, $2, $3, $4)
        RETURNING submission_id
        """)
    private static let columns = "status::text, is_authenticated::text, user_id, redemption"

    private struct Parties: ~Copyable {
        var portal: Connection
        var app: Connection
        let alice: Identifier
        var transaction = Identifier.random()
        var code = ""

        static func gather(_ settings: String = "allow_link = true") async throws -> Parties {
            let site = try await Site.make()
            try await Database.current.arrange("UPDATE countersign.auth_types SET \(settings)")
            let portal = try await site.portal()
            var app = try await site.app()
            let alice = try await app.enroll("alice")
            return Parties(portal: portal, app: app, alice: alice)
        }

        mutating func start(returnTo address: String? = Site.callback) async throws {
            transaction = try await portal.run(LinkTests.start, [Parameter(address)])[0].identifier(0)
            code = try await portal.code(transaction)
        }

        /// Reason, and where the app sends the browser.
        mutating func submit(_ action: String, by channel: String?) async throws -> [String?] {
            let given: [Parameter] = [.identifier(alice), .text(code), .text(action), Parameter(channel)]
            let id = try await app.run(LinkTests.submit, given)[0].identifier(0)
            let reason = try await app.outcome(id).optionalText(1)
            let address = Statement(
                "address", "SELECT return_uri FROM countersign.submission_results WHERE submission_id = $1")
            return [reason, try await app.run(address, [.identifier(id)])[0].optionalText(0)]
        }

        mutating func redeem(_ code: String?) async throws -> [String?] {
            let redeem = Statement("redeem", "SELECT \(LinkTests.columns) FROM countersign.redeem($1, $2)")
            let row = try await portal.run(redeem, [.identifier(transaction), Parameter(code)])[0]
            return try (0..<4).map { try row.optionalText($0) }
        }

        mutating func state() async throws -> [String?] {
            let state = Statement(
                "state", "SELECT \(LinkTests.columns) FROM countersign.auth_results WHERE transaction_id = $1"
            )
            let row = try await portal.run(state, [.identifier(transaction)])[0]
            return try (0..<4).map { try row.optionalText($0) }
        }
    }

    private let open = ["authenticated", "false", nil, "open"]

    @Test func `the code that the browser brings ends it, once`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            try await all.start()
            #expect(try await all.submit("scan", by: "link") == [nil, nil])
            let accepted = try await all.submit("accept", by: "link")
            let prefix = "\(Site.callback)?response_code="
            let address = try #require(accepted[1])
            #expect(accepted[0] == nil && address.hasPrefix(prefix))
            let code = String(address.dropFirst(prefix.count))
            #expect(code.count == 32)
            #expect(try await all.state() == open)
            #expect(try await all.redeem(code) == ["authenticated", "true", "alice", "taken"])
            #expect(try await all.state() == ["authenticated", "false", nil, "taken"])
            #expect(try await all.redeem(code) == ["authenticated", "false", nil, "taken"])
        }
    }

    /// The attacker has started it and has its code and its id; the victim's app gives its answer to the victim's browser.
    @Test func `a mailed link that a victim answers signs no sender in`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather()
            try await all.start()
            _ = try await all.submit("accept", by: "link")
            for guess in [nil, "", all.code, String(repeating: "0", count: 32)] {
                #expect(try await all.redeem(guess) == open)
            }
            let refused = try await Database.current.count(
                "SELECT count(*) FROM countersign.events WHERE type = 'request.redemption_refused'")
            #expect(refused == 1)
            // Nor does the code of another request of the same user.
            let first = all.transaction
            try await all.start()
            let other = try await all.submit("accept", by: "link")[1]?.split(separator: "=").last.map(
                String.init)
            all.transaction = first
            #expect(try await all.redeem(other) == open)
        }
    }

    @Test(
        arguments: [
            ("allow_link = false", "link", Site.callback, "wrong_channel"),
            ("allow_link = true", "link", nil, "wrong_channel"),
            ("allow_link = true, allow_qr = false", "qr", Site.callback, "wrong_channel"),
            ("allow_link = true, allow_qr = false", nil, Site.callback, "wrong_channel"),
            ("allow_link = true", nil, Site.callback, nil),
            ("allow_link = true", "mail", Site.callback, "malformed"),
        ] as [(String, String?, String?, String?)])
    func `what a type does not take`(
        settings: String, channel: String?, address: String?, reason: String?
    ) async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather(settings)
            try await all.start(returnTo: address)
            #expect(try await all.submit("scan", by: channel)[0] == reason)
            #expect(try await all.submit("accept", by: channel) == [reason, nil])
            if reason == nil { #expect(try await all.state() == ["authenticated", "true", "alice", nil]) }
            if reason == "wrong_channel" {
                #expect(try await all.submit("deny", by: channel)[0] == nil)
                #expect(try await all.state()[0] == "denied")
            }
        }
    }

    /// Who asks with a code believes that it was looked at.
    @Test func `a code where none was given takes nothing`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather("allow_link = true, redeem_once = true")
            try await all.start()
            #expect(try await all.submit("accept", by: "qr") == [nil, nil])
            #expect(try await all.redeem("0123456789abcdef0123456789abcdef") == open)
            #expect(try await all.redeem(nil) == ["authenticated", "true", "alice", "taken"])
        }
    }

    /// It was shown no number, so none is asked for; and whoever answers without the link would be asked for one.
    @Test func `who has scanned by a link is asked for no number, and answers by the link`() async throws {
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var all = try await Parties.gather("allow_link = true, confirm_code = 'always'")
            try await all.start()
            let asked = Statement(
                "asked",
                "SELECT confirmation, confirmation_tries_left FROM countersign.auth_results WHERE transaction_id = $1"
            )
            #expect(try await all.submit("scan", by: "link") == [nil, nil])
            let row = try await all.portal.run(asked, [.identifier(all.transaction)])[0]
            #expect(try row.optionalText(0) == nil && row.optionalInt(1) == nil)
            let confirm = Statement("confirm", "SELECT status FROM countersign.confirm_code($1, '00')")
            #expect(
                try await all.portal.refusal(of: confirm, [.identifier(all.transaction)])?.state == "CS003")
            for action in ["scan", "accept"] {
                #expect(try await all.submit(action, by: nil) == ["wrong_channel", nil])
            }
            let accepted = try await all.submit("accept", by: "link")
            #expect(accepted[0] == nil && accepted[1]?.hasPrefix("\(Site.callback)?response_code=") == true)
        }
    }

    @Test func `the app returns to the portal's own addresses alone`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        for address in ["https://evil.example/", "\(Site.callback)/", "javascript:alert(1)", ""] {
            #expect(
                try await portal.refusal(of: Self.start, [.text(address)])?.state == "CS005", "\(address)")
        }
        try await Database.current.arrange(
            "UPDATE countersign.settings SET callback_allowlist_enabled = false")
        #expect(try await portal.refusal(of: Self.start, ["https://acme.example/back?a=b"]) == nil)
        #expect(try await portal.refusal(of: Self.start, ["javascript:alert(1)"])?.state == "CS005")
    }
}
