import Countersign
import Engine
import Postgres
import Support
import Testing

/// Users who say that it was somebody else, and types for which nobody accepts unseen.
@Suite(.database) struct NotMeTests {
    private static let start = Statement(
        "start",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, ip_address)
        VALUES ('qr-code', '\(Site.callback)', '203.0.113.7') RETURNING transaction_id
        """)
    private static let deny = Statement(
        "deny",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, deny_reason)
        VALUES ($1::uuid::text, $2, $3, $4) RETURNING submission_id
        """)

    @Test func `a user who says that it was somebody else`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange("UPDATE countersign.portals SET max_starts_per_source = 30")
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let alice = try await app.enroll("alice")
            func answer(_ action: String, _ reason: String?, _ app: inout Connection, _ code: String)
                async throws -> String?
            {
                let given: [Parameter] = [.identifier(alice), .text(code), .text(action), Parameter(reason)]
                let id = try await app.run(Self.deny, given)[0].identifier(0)
                return try await app.outcome(id).optionalText(1)
            }
            let transaction = try await portal.run(Self.start)[0].identifier(0)
            let code = try await portal.code(transaction)
            #expect(try await answer("deny", "because", &app, code) == "malformed")
            #expect(try await answer("accept", "not_me", &app, code) == "malformed")
            #expect(try await answer("deny", "not_me", &app, code) == nil)
            let row = try await portal.execute(
                "SELECT status::text, deny_reason, not_authenticated_reason FROM countersign.auth_results")[0]
            #expect(try row.text(0) == "denied" && row.text(1) == "not_me" && row.text(2) == "denied")
            let told = try await Database.current.count(
                """
                SELECT count(*) FROM countersign.events WHERE user_id = 'alice'
                   AND (type = 'request.not_me' OR type = 'request.denied' AND details ->> 'deny_reason' = 'not_me')
                """)
            #expect(told == 2)
            // Of 30 starts a minute the source has three, one of which it has had.
            for _ in 0..<2 { #expect(try await portal.refusal(of: Self.start, []) == nil) }
            #expect(try await portal.refusal(of: Self.start, [])?.state == "CS008")
            // Declining for another reason slows nobody.
            let other = try await portal.request()
            #expect(try await answer("deny", nil, &app, try await portal.code(other)) == nil)
            #expect(
                try await Database.current.count(
                    "SELECT count(*) FROM countersign.auth_requests WHERE deny_reason IS NULL AND status = 'denied'"
                ) == 1)
        }
    }

    @Test func `nobody accepts unseen where a scan is required`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange("UPDATE countersign.auth_types SET scan_required = true")
        try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let alice = try await app.enroll("alice")
            let first = try await portal.issued()
            #expect(try await app.submit(alice, first.code, "accept").reason == "wrong_prompt")
            #expect(try await portal.status(first.transaction) == "issued")
            #expect(try await app.submit(alice, first.code, "scan").reason == nil)
            #expect(try await app.submit(alice, first.code, "accept").reason == nil)
            let second = try await portal.issued()
            #expect(try await app.submit(alice, second.code, "deny").reason == nil)
        }
    }
}
