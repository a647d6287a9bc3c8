import Postgres
import Support
import Testing

@Suite(.database) struct RequestCommandTests {
    private static let id = "0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"

    @Test func `the whole life of a request`() async throws {
        let id = try await insertLife()
        let admin = try await Shell.member(of: .admin)
        let life = try await admin.succeed("request", "show", id, "--json").json(as: [String: Any].self)
        #expect(life["transaction_id"] as? String == id)
        #expect(life["status"] as? String == "authenticated")
        #expect(life["portal"] as? String == "acme" && life["app"] as? String == "mobile")
        #expect(life["user_id"] as? String == "alice" && life["device_id"] as? String == "phone")
        #expect((life["issued_at"] as? String)?.hasSuffix("Z") == true)
        let submissions = try #require(life["submissions"] as? [[String: Any]])
        #expect(submissions.map { $0["action"] as? String } == ["scan", "accept", "accept"])
        #expect(submissions.map { $0["result"] as? String } == ["accepted", "accepted", "rejected"])
        #expect(submissions[2]["reason"] as? String == "already_used")
        let delivery = try #require(life["delivery"] as? [String: Any])
        #expect(delivery["status"] as? String == "pending")
        #expect(delivery["next_at"] as? String != nil)
        let attempts = try #require(delivery["attempts"] as? [[String: Any]])
        #expect(attempts.map { $0["status_code"] as? Int } == [503])
        #expect(attempts.map { $0["duration_ms"] as? Int } == [1500])
        let text = try await admin.succeed("request", "show", id).output
        for word in ["alice", "already_used", "503", "1.5 s", "(+ 250 ms)"] { #expect(text.contains(word)) }
    }

    @Test func `who it was is for those who may read it, and codes are for nobody`() async throws {
        let id = try await insertLife()
        let monitor = try await Shell.member(of: .monitor)
        let text = try await monitor.succeed("request", "show", id).output
        let json = try await monitor.succeed("request", "show", id, "--json").output
        let admin = try await Shell.member(of: .admin)
        for shown in [text, json] {
            #expect(!shown.contains("alice") && !shown.contains("user"))
            #expect(shown.contains("already_used"))
        }
        for shown in [text, json, try await admin.succeed("request", "show", id, "--json").output] {
            #expect(!shown.contains("feedface"))
        }
    }

    @Test func `it waits for no lock on rows`() async throws {
        let id = try await insertLife()
        var holder = try await Database.current.connect()
        try await holder.execute("BEGIN; SELECT FROM countersign.auth_requests FOR UPDATE")
        try await Shell.member(of: .monitor).succeed("request", "show", id)
    }

    @Test func `what does not exist, and what is no id`() async throws {
        let shell = try await Shell.member(of: .monitor)
        try await shell.run("request", "show", Self.id).expect(
            65,
            "there is no request \(Self.id); requests are kept for 30 days, and `SELECT transaction_id FROM "
                + "countersign.auth_requests` lists them")
        let commands = [
            ["request", "show", "soon"], ["webhook", "show", "soon"], ["webhook", "retry", "soon"],
            ["events", "search", "--transaction", "soon"],
        ]
        let admin = try await Shell.member(of: .admin)
        for command in commands {
            let outcome = try await admin.start(command).outcome()
            outcome.expect(64, "a transaction id is a UUID of 36 characters, not 'soon'")
        }
    }

    /// One that was scanned, accepted and accepted again, and whose callback failed once.
    private func insertLife() async throws -> String {
        var superuser = try await Database.current.connectAsSuperuser()
        return try await superuser.execute(
            """
            ALTER TABLE countersign.submissions DISABLE TRIGGER take_submission;
            SET session_replication_role = replica;
            INSERT INTO countersign.portals (login, name, display_name, signing_secret)
            VALUES ('acme', 'acme', 'acme', '');
            INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile');
            """ + life)[0].text(0)
    }
}

private let life = """
    CREATE TEMP TABLE life AS SELECT countersign.uuid_v7() AS id, clock_timestamp() AS at;
    INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, issued_at, scanned_at,
        resolved_at, portal_id, app_id, status, auth_type, method, callback_uri, message, secret_digest,
        user_id, device_id)
    SELECT id, at, at + interval '180 s', at + interval '250 ms', at, at + interval '2 s', 1, 1,
           'authenticated', 'qr-code', 'otp', 'https://acme.example/cb', 'Sign in', '\\xfeedface', 'alice', 'phone'
    FROM life;
    INSERT INTO countersign.submissions (submitted_at, resolved_at, app_id, status, reason, action,
        transaction_id, secret_digest)
    SELECT at, at, 1, s.status, s.reason, s.action, id, '\\xfeedface'
    FROM life, (VALUES (1, 'scan', 'accepted', NULL), (2, 'accept', 'accepted', NULL),
                       (3, 'accept', 'rejected', 'already_used')) AS s (place, action, status, reason);
    INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, portal_id, request_status, callback_uri)
    SELECT id, at, 1, 'authenticated', 'https://acme.example/cb' FROM life;
    INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id, request_status, callback_uri)
    SELECT id, at, at, 1, 'authenticated', 'https://acme.example/cb' FROM life;
    INSERT INTO countersign.webhook_attempts (transaction_id, started_at, attempt, duration_ms, status_code, error_class)
    SELECT id, at, 1, 1500, 503, 'status' FROM life;
    SELECT id::text FROM life;
    """
