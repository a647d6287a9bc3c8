import Administration
import Countersign
import Foundation
import Postgres
import Support
import Testing

@Suite(.database) struct UserCommandTests {
    /// An app with alice, who has answered, was refused often and has a device, and bob.
    private func arrange(refusals: Int = 3) async throws -> Connection {
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.apps (name, login) VALUES ('mobile', 'nobody1'), ('other', 'nobody2');
            INSERT INTO countersign.enrollments (app_id, status, user_id, device_id, device_name, public_key)
            SELECT app_id, 'active', who, 'phone-of-' || who, 'Phone of ' || who, 'key-of-' || who
            FROM countersign.apps, unnest('{alice,bob}'::text[]) AS who;
            INSERT INTO countersign.events (type, app_id, user_id, details)
            SELECT 'submission.rejected', app_id, 'alice', '{"reason": "stale_signature"}'
            FROM countersign.apps, generate_series(1, \(refusals)) WHERE name = 'mobile';
            INSERT INTO countersign.events (type, app_id, user_id, requested_at, signed_at, secret_digest,
                                            certificate_sha256, signature, prompt, reference, ip_address, user_agent,
                                            device_address, device_agent)
            SELECT 'request.authenticated', app_id, 'alice', now(), now(), '\\x00', '\\x01', 'signature', 'Sign in',
                   'cart-of-alice', '192.0.2.7', 'Browser of alice', '192.0.2.7', 'App of alice'
            FROM countersign.apps WHERE name = 'mobile'
            """)
        return owner
    }

    /// All that is kept of the app, as text.
    private func kept(_ connection: inout Connection) async throws -> String {
        try await connection.execute(
            """
            SELECT concat_ws(' ', (SELECT string_agg(e::text, ' ') FROM countersign.enrollments e
                                   JOIN countersign.apps a USING (app_id) WHERE a.name = 'mobile'),
                             (SELECT string_agg(e::text || countersign.event_details(e), ' ') FROM countersign.events e
                              JOIN countersign.apps a USING (app_id) WHERE a.name = 'mobile'))
            """)[0].text(0)
    }

    private func close(_ connection: inout Connection) async throws {
        try await connection.execute(
            """
            SELECT pg_sleep(0.002);
            UPDATE countersign.event_closing SET until = date_trunc('milliseconds', clock_timestamp()),
                horizon = pg_current_xact_id()
            """)
        try await eventually("the span is closed") {
            try await connection.execute("SELECT coalesce(countersign.close_events(), 0)")[0].int(0) > 0
        }
    }

    @Test func `show and export tell of one user of one app`() async throws {
        _ = try await arrange()
        let shell = try await Shell.member(of: .admin)
        let shown = try await shell.succeed("user", "show", "mobile", "alice").output
        #expect(shown.contains("refused        3\n") && shown.contains("phone-of-alice"))
        let copy = try await shell.succeed("user", "export", "mobile", "alice").json(as: [String: Any].self)
        #expect((copy["events"] as? [Any])?.count == 4)
        let devices = try #require(copy["enrollments"] as? [[String: Any]])
        #expect(devices.map { $0["device_name"] as? String } == ["Phone of alice"])
        try await shell.run("user", "show", "mobile", "carol")
            .expect(65, "there is nothing of user carol in app mobile")
        #expect(try await shell.run("user", "show", "nosuch", "alice").status == 65)
        let monitor = try await Shell.member(of: .monitor)
        #expect(try await monitor.run("user", "export", "mobile", "alice").status == 77)
    }

    @Test func `who is erased is nowhere, and the trail is whole`() async throws {
        var owner = try await arrange(refusals: 1_500)
        try await close(&owner)
        let shell = try await Shell.member(of: .admin)
        try await shell.run("user", "erase", "mobile", "alice").expect(
            64,
            "user alice of app mobile has 1 device, present and past, and will be forgotten: give --yes, where nobody "
                + "can be asked")
        #expect(try await kept(&owner).contains("alice"))
        let said = try await shell.succeed("user", "erase", "mobile", "alice", "--yes").output
        #expect(said.contains("1 revoked of 1 enrollments; 0 requests, 1502 events\n"))
        let name = try #require(said.firstMatch(of: /erased-[0-9a-f]{32}/).map { String($0.output) })
        let kept = try await kept(&owner)
        // The key proves what was signed, and stays with it.
        #expect(!kept.replacing("key-of-alice", with: "").contains("alice"))
        #expect(!kept.contains("192.0.2.7") && kept.contains("\"signature\"") && kept.contains(name))
        #expect(kept.contains("bob"))
        #expect(
            try await owner.execute("SELECT FROM countersign.enrollments WHERE user_id = 'alice'").count == 1)
        #expect(
            try await owner.execute("SELECT FROM countersign.events WHERE type = 'user.erased'").count == 2)
        try await close(&owner)
        try await shell.succeed("events", "verify")
        try await shell.run("user", "erase", "mobile", "alice", "--yes")
            .expect(65, "there is nothing of user alice in app mobile")
        // Before anybody is asked.
        try await shell.run("user", "erase", "mobile", "nosuch")
            .expect(65, "there is nothing of user nosuch in app mobile")
    }

    @Test(arguments: [
        (
            "UPDATE countersign.events SET details = '{}' WHERE type = 'submission.rejected'",
            "an erased event was changed"
        ),
        (
            "UPDATE countersign.erased_events SET before = after",
            "no event tells of this erasure"
        ),
        ("DELETE FROM countersign.erased_events", "an event was changed"),
        (
            """
            DO $$ DECLARE
                erasure uuid := countersign.uuid_v7();
                id uuid; was bytea; now bytea;
            BEGIN
                PERFORM set_config('TimeZone', 'UTC', true);
                SELECT e.event_id, countersign.event_hash(e) INTO STRICT id, was FROM countersign.events e
                    WHERE e.event_id NOT IN (SELECT x.event_id FROM countersign.erased_events x)
                    ORDER BY e.event_id LIMIT 1;
                UPDATE countersign.events SET user_id = 'mallory' WHERE event_id = id;
                SELECT countersign.event_hash(e) INTO now FROM countersign.events e WHERE e.event_id = id;
                INSERT INTO countersign.erased_events VALUES (id, erasure, was, now);
                INSERT INTO countersign.events (event_id, type, app_id, user_id, details)
                VALUES (erasure, 'user.erased', 1, 'erased-' || repeat('0', 32),
                        jsonb_build_object('digest', encode(sha256(uuid_send(id) || was || now), 'hex')));
            END $$
            """, "an erased event was changed"
        ),
    ])
    func `what is done under the name of an erasure is found`(change: String, problem: String) async throws {
        var owner = try await arrange()
        try await close(&owner)
        let shell = try await Shell.member(of: .admin)
        try await shell.succeed("user", "erase", "mobile", "alice", "--yes")
        try await close(&owner)
        try await shell.succeed("events", "verify")
        try await owner.execute(change)
        let outcome = try await shell.run("events", "verify")
        #expect(outcome.status == 65 && outcome.output.contains(problem), "\(outcome)")
    }

    @Test func `as the setting says, what was signed goes, too`() async throws {
        var owner = try await arrange()
        try await close(&owner)
        let shell = try await Shell.member(of: .admin)
        try await shell.succeed("settings", "set", "evidence_kept_after_erasure=false")
        try await shell.succeed("user", "erase", "mobile", "alice", "--yes")
        let kept = try await kept(&owner)
        #expect(!kept.contains("alice") && !kept.contains("\"evidence\""))
        #expect(kept.contains("\"signature_verified\": true"))
        try await close(&owner)
        try await shell.succeed("events", "verify")
    }

    /// It goes on in portions, and a restore must know of the first.
    @Test func `nobody is erased before the journal has it`() async throws {
        let shell = try await Shell.member(of: .admin)
        _ = try await arrange()
        let failed = try await shell.run(
            "user", "erase", "mobile", "alice", "--yes", "--journal", "/dev/full")
        #expect(failed.status != 0 && failed.errors.contains("/dev/full cannot be written"))
        let left = """
            SELECT count(*) FROM countersign.enrollments e JOIN countersign.apps a USING (app_id)
            WHERE e.user_id = 'alice' AND a.name = 'mobile'
            """
        #expect(try await Database.current.count(left) > 0)
    }

    /// A restore brings the name back, and all that a journal has is the pseudonym.
    @Test func `a journal does not name who was erased, and erases again`() async throws {
        var owner = try await arrange()
        let shell = try await Shell.member(of: .admin)
        let file = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try await shell.succeed("user", "erase", "mobile", "alice", "--yes", "--journal", file)
        let journal = try String(contentsOfFile: file, encoding: .utf8)
        let name = try #require(journal.firstMatch(of: /user erase mobile (erased-[0-9a-f]+)/)).output.1
        #expect(!journal.contains("alice"))
        try await owner.execute(
            "UPDATE countersign.enrollments SET user_id = 'alice' WHERE status = 'revoked'")
        let again = try await shell.succeed("user", "erase", "mobile", String(name), "--yes").output
        #expect(again.contains("0 revoked of 1 enrollments"))
    }
}
