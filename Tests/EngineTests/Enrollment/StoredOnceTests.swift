import Countersign
import Engine
import OpenPGP
import Postgres
import Support
import Testing

/// What a sign-in leaves in the database: each thing once, and nothing that follows from the rest.
@Suite(.database) struct StoredOnceTests {
    /// Of a submission.
    private static let sent = """
        SELECT action, concat_ws(' ', CASE WHEN enrollment_id IS NOT NULL THEN 'enrollment_id' END,
            CASE WHEN signed_at IS NOT NULL THEN 'signed_at' END,
            CASE WHEN signed_time IS NOT NULL THEN 'signed_time' END,
            CASE WHEN prompt_digest IS NOT NULL THEN 'prompt_digest' END,
            CASE WHEN signature IS NOT NULL THEN 'signature' END,
            CASE WHEN secret_digest IS NOT NULL THEN 'secret_digest' END,
            CASE WHEN kept_signature IS NOT NULL THEN 'kept_signature' END)
        FROM countersign.submissions ORDER BY submission_id
        """

    private func sent() async throws -> [String] {
        var owner = try await Database.current.connect()
        return try await owner.execute(Self.sent).map { "\(try $0.text(0)): \(try $0.text(1))" }
    }

    @Test(arguments: [SubmissionAction.accept, .deny])
    func `an accepted submission keeps nothing that stands elsewhere`(action: SubmissionAction) async throws {
        try await withWorkerLogin { _ in
            var parties = try await SignInParties.gather()
            let prompt = try await parties.send(.scan, parties.code).prompt
            let answer = try parties.phone.submission(action, parties.code, prompt: prompt)
            for _ in 0..<2 { #expect(try await parties.app.submit(answer).result == "accepted") }
            // An answer that is sent again has the outcome of the first.
            #expect(
                try await sent() == [
                    "scan: signed_time kept_signature", "\(action): ", "\(action): signed_time",
                ])
        }
    }

    /// Nobody else has it, and who asks why it was refused needs it.
    @Test func `what is rejected stays as it was sent`() async throws {
        try await withWorkerLogin { _ in
            var parties = try await SignInParties.gather()
            _ = try await parties.send(.scan, parties.code)
            let answer = try await parties.send(.accept, parties.code, prompt: "another")
            #expect(answer.reason == "wrong_prompt")
            #expect(
                try await sent().last
                    == "accept: enrollment_id signed_at signed_time prompt_digest signature secret_digest")
        }
    }

    @Test func `a scan's signature can be checked by what is kept`() async throws {
        try await withWorkerLogin { _ in
            var parties = try await SignInParties.gather()
            let scan = try parties.phone.submission(.scan, parties.code)
            let prompt = try #require(try await parties.app.submit(scan).prompt)
            var owner = try await Database.current.connect()
            let row = try await owner.execute(
                """
                SELECT concat_ws(E'\\n', 'countersign-v1', s.action, s.transaction_id, encode(r.secret_digest, 'hex'),
                                 s.enrollment, to_char(s.signed_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '-', ''),
                       countersign.armored_signature(s.kept_signature)
                FROM countersign.submissions s JOIN countersign.auth_requests r USING (transaction_id)
                """)[0]
            #expect(try row.text(0) == scan.text.lines)
            #expect(try row.text(1) == scan.signature)
            // The prompt stands in the request alone.
            let result = "SELECT prompt FROM countersign.submission_results"
            #expect(try await parties.app.execute(result)[0].text(0) == prompt)
            let other = try await Site.make("other", type: "other", signed: true)
            var stranger = try await other.app()
            let ids = try await owner.execute("SELECT submission_id FROM countersign.submissions")
            let theirs = "SELECT countersign.scanned_prompt('\(try ids[0].identifier(0))')"
            #expect(try await stranger.execute(theirs)[0].optionalText(0) == nil)
        }
    }

    /// What the trail has of a visitor stands in the trail alone once the request has ended, and is told as ever.
    @Test func `a request that has ended keeps nothing of the visitor`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            let cancelled = try await portal.execute(Self.request)[0].identifier(0)
            try await portal.execute("SELECT countersign.cancel_request('\(cancelled)')")
            let prompt = try await Self.signIn(&portal, phone, &app)
            var owner = try await Database.current.connect()
            let kept = """
                SELECT FROM countersign.auth_requests WHERE num_nonnulls(ip_address, user_agent, prompt) > 0
                """
            #expect(try await owner.execute(kept).isEmpty)
            // The prompt, too: its event has it, and the app reads it as ever.
            let scans = "SELECT prompt FROM countersign.submission_results WHERE action = 'scan'"
            #expect(try await app.execute(scans).map { try $0.optionalText(0) } == [prompt])
            let outcomes = """
                SELECT o.prompt FROM countersign.submissions s, countersign.apps a,
                       countersign.find_outcomes(a.name, ARRAY[s.submission_id]) o WHERE s.action = 'scan'
                """
            #expect(try await owner.execute(outcomes).map { try $0.optionalText(0) } == [prompt])
            let told = try await owner.execute(
                """
                SELECT e.type, (countersign.event_details(e) - ARRAY['evidence', 'requested_at', 'signer_fingerprint'])::text
                FROM countersign.events e WHERE e.transaction_id IS NOT NULL ORDER BY e.event_id
                """
            ).map { "\(try $0.text(0)) \(try $0.text(1))" }
            let visitor = """
                "auth_type": "qr-code", "reference": "session-7-0123456789abcdef", "ip_address": "203.0.113.7", \
                "user_agent": "\(Self.browser)"
                """
            #expect(
                told == [
                    "request.cancelled {\(visitor)}", #"request.scanned {"action": "scan"}"#,
                    "request.authenticated {\(visitor), \"signature_verified\": true}",
                ])
        }
    }

    /// Each way to keep something twice that was found takes more. With what a delivery leaves and with indexes it is what
    /// Performance.md says.
    @Test func `the rows of a signed sign-in take no more than 1,675 bytes`() async throws {
        let site = try await Site.make(signed: true)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let phone = try await SQLPhone.enroll("alice", &app)
            var owner = try await Database.current.connect()
            for _ in 0..<3 { _ = try await Self.signIn(&portal, phone, &app) }
            let sizes = try await owner.execute(Self.sizes).map { (try $0.text(0), try $0.int(1)) }
            #expect(sizes.reduce(0) { $0 + $1.1 } <= 1_675, "\(sizes)")
        }
    }

    private static func signIn(
        _ portal: inout Connection, _ phone: SQLPhone, _ app: inout Connection
    ) async throws -> String? {
        let transaction = try await portal.execute(request)[0].identifier(0)
        let code = try await portal.code(transaction)
        let prompt = try await phone.send(.scan, code, &app).prompt
        #expect(try await phone.send(.accept, code, prompt: prompt, &app).result == "accepted")
        return prompt
    }

    private static let browser = """
        Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15
        """
    private static let request = """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, ip_address, user_agent, reference)
        VALUES ('qr-code', '\(Site.callback)', '203.0.113.7', '\(browser)', 'session-7-0123456789abcdef')
        RETURNING transaction_id
        """

    /// Bytes a sign-in, by table.
    private static let sizes = """
        SELECT name, (bytes / (SELECT count(*) FROM countersign.auth_requests))::integer FROM (
            SELECT 'auth_requests', sum(pg_column_size(t.*)) FROM countersign.auth_requests t
            UNION ALL SELECT 'submissions', sum(pg_column_size(t.*)) FROM countersign.submissions t
            UNION ALL SELECT 'webhook_deliveries', sum(pg_column_size(t.*)) FROM countersign.webhook_deliveries t
            UNION ALL SELECT 'events', sum(pg_column_size(t.*)) FROM countersign.events t WHERE transaction_id IS NOT NULL
        ) AS x (name, bytes)
        """

    /// What Swift keeps is what SQL shows.
    @Test func `a signature is shown as it was sent, however it is kept`() async throws {
        let context = try OpenPGPContext(capacity: 1)
        let keys = try context.generateKeyPair(userID: "device")
        let text = try context.sign(Array("text".utf8), with: keys.secretKey)
        let feeds = text.replacing("\r\n", with: "\n")
        let lines = feeds.split(separator: "\n").map(String.init)
        let body = lines[1...].prefix { !$0.hasPrefix("=") }.joined()
        let uneven = [lines[0], "", String(body.prefix(76)), String(body.dropFirst(76))] + lines.suffix(2)
        let usual = [text, feeds, String(feeds.dropLast()), feeds.replacing("\n", with: "\r\n")]
        let unusual = [
            feeds.replacing("SIGNATURE-----\n\n", with: "SIGNATURE-----\nComment: mine\n\n"),
            "\n" + feeds, feeds + "\n\n",
            uneven.joined(separator: "\n"), feeds.replacing("\n=", with: "\n\n="), "ß", "\t", "=",
            "a\nb\nc\n=AAAA",
        ]
        var owner = try await Database.current.connect()
        let armored = Statement("armored", "SELECT countersign.armored_signature($1)")
        for text in usual + unusual {
            let kept = KeptSignature.bytes(text)
            #expect(try await owner.run(armored, [.bytes(kept)])[0].text(0) == text)
        }
        for text in usual { #expect(KeptSignature.bytes(text).count < 130) }
    }
}
