import Countersign
import Postgres
import Support
import Testing

/// `auth_results`: one row for each request, in every state.
@Suite(.database) struct ResultTests {
    /// Every column as text, NULL as nil.
    private func result(_ id: Identifier, _ portal: inout Connection) async throws -> [String: String?] {
        let sql = """
            SELECT coalesce(array_agg(key), '{}'), coalesce(array_agg(value), '{}')
            FROM countersign.auth_results r, jsonb_each_text(to_jsonb(r)) WHERE transaction_id = $1
            """
        let row = try await portal.run(Statement("result", sql), [.identifier(id)])[0]
        return Dictionary(uniqueKeysWithValues: zip(try row.texts(0), try row.textsOrNulls(1)))
    }

    private static let columns: Set = [
        "transaction_id", "reference", "callback_uri", "status", "is_authenticated", "user_id", "device_id",
        "app_id", "authentication_method", "signature_verified", "signature", "signer_fingerprint",
        "not_authenticated_reason", "requested_at", "resolved_at", "valid_until", "expires_at",
        "confirmation", "confirmation_tries_left", "redemption", "browser_known", "deny_reason",
        "network_match", "country_match",
    ]
    private static let ofTheUser = [
        "user_id", "device_id", "app_id", "signature_verified", "signature", "signer_fingerprint",
    ]
    private static let ends = ["authenticated", "denied", "expired", "cancelled", "failed"]

    /// Brings a request into the state, with an enrollment of alice's phone.
    private func request(in state: String, _ site: Site) async throws -> Identifier {
        var portal = try await site.portal()
        let id = try await portal.request("visit 7")
        guard state != "requested" else { return id }
        return try await withWorkerLogin(stages: [.enroll, .issue, .validate]) { _ in
            var app = try await site.app()
            let enrollment = try await app.enroll("alice", "phone")
            let code = try await portal.code(id)
            if state == "issued" { return id }
            #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
            switch state {
            case "authenticated": #expect(try await app.submit(enrollment, code, "accept").reason == nil)
            case "denied": #expect(try await app.submit(enrollment, code, "deny").reason == nil)
            case "expired", "cancelled", "failed":
                if state == "expired" { try await Database.current.makeDue(id) }
                try await Database.current.arrange(
                    "SELECT countersign.end_requests(ARRAY['\(id)'::uuid], ARRAY['\(state)'])")
            default: break
            }
            return id
        }
    }

    @Test(arguments: ["requested", "issued", "scanned"] + ends)
    func `the columns of each state`(state: String) async throws {
        let site = try await Site.make()
        let id = try await request(in: state, site)
        var portal = try await site.portal()
        let row = try await result(id, &portal)
        #expect(Set(row.keys) == Self.columns)
        #expect(row["transaction_id"] == id.description && row["status"] == state)
        #expect(row["reference"] == "visit 7" && row["callback_uri"] == Site.callback)
        #expect(row["authentication_method"] == "otp")
        #expect(row["requested_at"] != .some(nil))

        let isAuthenticated = state == "authenticated"
        let hasEnded = Self.ends.contains(state)
        #expect(row["is_authenticated"] == .some(hasEnded ? "\(isAuthenticated)" : nil))
        #expect(row["not_authenticated_reason"] == .some(hasEnded && !isAuthenticated ? state : nil))
        #expect((row["resolved_at"] != .some(nil)) == hasEnded)
        #expect((row["valid_until"] != .some(nil)) == hasEnded)
        let user = ["alice", "phone", "\(site.appID)", "false", nil, nil]
        for (column, value) in zip(Self.ofTheUser, user) {
            let isTold = isAuthenticated || (state == "denied" && column == "user_id")
            #expect(row[column] == .some(isTold ? value : nil), "\(column)")
        }
    }

    /// A sign-in gets stale five minutes after its end; its status stays.
    @Test func `valid_until is 300 s after the end`() async throws {
        let site = try await Site.make()
        let id = try await request(in: "authenticated", site)
        var portal = try await site.portal()
        for (age, isAuthenticated) in [("0 s", true), ("295 s", true), ("300 s", false), ("1 day", false)] {
            try await Database.current.arrange(
                "UPDATE countersign.auth_requests SET resolved_at = clock_timestamp() - interval '\(age)'")
            let row = try await portal.run(SQL.status, [.identifier(id)])[0]
            #expect(try row.text(0) == "authenticated")
            #expect(try row.bool(1) == isAuthenticated, "\(age)")
            #expect(try row.text(2) == "alice")
            #expect(try row.optionalText(3) == nil)
            #expect(try row.bool(4))
        }
    }

    @Test func `a portal can look for its own reference`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        let ids = [
            try await portal.request("a"), try await portal.request("b"), try await portal.request("a"),
        ]
        let sql = Statement(
            "by reference",
            "SELECT transaction_id FROM countersign.auth_results WHERE reference = $1 ORDER BY 1")
        #expect(try await portal.run(sql, ["a"]).map { try $0.identifier(0) } == [ids[0], ids[2]])
    }

    @Test(arguments: [30, 180, 600])
    func `the time to answer is that of the type`(seconds: Int) async throws {
        let site = try await Site.make(expiresIn: seconds)
        var portal = try await site.portal()
        let sql = """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri) VALUES ('qr-code', '\(Site.callback)')
            RETURNING date_part('epoch', expires_at - requested_at)::integer,
                      abs(date_part('epoch', requested_at - clock_timestamp())) < 5
            """
        let row = try await portal.execute(sql)[0]
        #expect(try row.int(0) == seconds)
        #expect(try row.bool(1))
    }

    /// The time of the INSERT and not of the transaction's begin.
    @Test func `a long transaction does not shorten it`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        try await portal.execute("BEGIN; SELECT pg_sleep(0.05)")
        let id = try await portal.request()
        let sql = Statement(
            "requested_at",
            "SELECT requested_at > now() FROM countersign.auth_results WHERE transaction_id = $1")
        #expect(try await portal.run(sql, [.identifier(id)])[0].bool(0))
        try await portal.execute("COMMIT")
    }
}
