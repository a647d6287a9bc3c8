import Postgres
import Support
import Testing

/// The audit trail is the server's word: who and when are never chosen, and what is changed by a statement is in it, too.
@Suite(.database) struct AuditTests {
    @Test(arguments: [TestLogin.Group.worker, .admin])
    func `no login chooses who did something, or when`(group: TestLogin.Group) async throws {
        let login = try await Database.current.makeLogin("forger", in: group)
        var forger = try await Database.current.connect(as: login)
        for (column, value) in [
            ("actor", "'alice'"), ("operator", "'console:alice'"), ("occurred_at", "now() - interval '1 h'"),
            ("event_id", "countersign.uuid_v7()"),
        ] {
            let insert = "INSERT INTO countersign.events (type, \(column)) VALUES ('portal.paused', \(value))"
            #expect(try await forger.refusal(of: insert)?.state == noPrivilege, "\(column)")
        }
        for statement in [
            "UPDATE countersign.portals SET paused_by = 'alice'",
            "UPDATE countersign.stage_controls SET paused_at = now()",
        ] {
            #expect(try await forger.refusal(of: statement)?.state == noPrivilege)
        }
        for statement in ["UPDATE countersign.events SET type = 'x'", "DELETE FROM countersign.events"] {
            #expect(try await forger.refusal(of: statement)?.state == noPrivilege)
        }
        let plain = try await forger.refusal(
            of: "INSERT INTO countersign.events (type) VALUES ('key.created')")
        #expect(plain?.state == (group == .admin ? noPrivilege : nil))
        var owner = try await Database.current.connect()
        let actors = try await owner.execute("SELECT actor FROM countersign.events").map { try $0.text(0) }
        #expect(actors == (group == .admin ? [] : [login.name]))
    }

    /// What somebody types into psql.
    private static let changes: [(String, String)] = [
        ("UPDATE countersign.settings SET signature_required = true", "settings.changed"),
        ("DELETE FROM countersign.callback_urls", "callback.removed"),
        (
            "INSERT INTO countersign.callback_urls (portal_id, url) SELECT portal_id, 'https://evil.example/' "
                + "FROM countersign.portals", "callback.added"
        ),
        ("UPDATE countersign.callback_urls SET url = 'https://worse.example/'", "callback.changed"),
        ("INSERT INTO countersign.operators (name, password_hash) VALUES ('mallory', 'x')", "operator.added"),
        ("UPDATE countersign.operators SET role = 'admin'", "operator.changed"),
        ("UPDATE countersign.operators SET password_hash = 'y'", "operator.changed"),
        ("UPDATE countersign.operators SET second_factor = '\\x01'", "operator.second_factor_added"),
        ("UPDATE countersign.operators SET second_factor = '\\x02'", "operator.second_factor_replaced"),
        ("UPDATE countersign.operators SET second_factor = NULL", "operator.second_factor_removed"),
        ("DELETE FROM countersign.operators", "operator.removed"),
        ("UPDATE countersign.portals SET enabled = false", "portal.disabled"),
        ("UPDATE countersign.portals SET paused = true", "portal.paused"),
        ("UPDATE countersign.portals SET max_open_requests = 5", "portal.limited"),
        ("UPDATE countersign.portals SET display_name = 'Your bank'", "portal.changed"),
        ("UPDATE countersign.portals SET notify_on = '{denied}'", "portal.changed"),
        ("UPDATE countersign.portals SET signing_secret = '\\x01'", "portal.secret_replaced"),
        ("UPDATE countersign.portals SET webhook_key = '\\x01'", "portal.signing_key_added"),
        ("UPDATE countersign.stage_controls SET paused = true WHERE stage = 'issue'", "stage.paused"),
        ("INSERT INTO countersign.log_levels VALUES ('issue', 'debug')", "log_level.changed"),
        ("INSERT INTO countersign.auth_types (name) VALUES ('quick')", "type.added"),
        (
            "INSERT INTO countersign.auth_type_messages VALUES ('quick', 'en', 'Pay me')",
            "type.message_added"
        ),
        ("DELETE FROM countersign.auth_types WHERE name = 'quick'", "type.removed"),
        (
            "INSERT INTO countersign.portal_credentials (portal_id, client_id, secret_hash) SELECT portal_id, "
                + "'web', 'x' FROM countersign.portals", "portal.credential_added"
        ),
        ("UPDATE countersign.portal_credentials SET secret_hash = 'y'", "portal.credential_changed"),
        ("UPDATE countersign.apps SET max_devices_per_user = 3", "app.changed"),
        ("UPDATE countersign.apps SET max_waiting = 1000", "app.changed"),
        ("UPDATE countersign.apps SET max_waiting_per_device = 5", "app.changed"),
        ("UPDATE countersign.apps SET enabled = false", "app.disabled"),
        ("INSERT INTO countersign.apps (login, name) VALUES ('nobody', 'second')", "app.added"),
        ("DELETE FROM countersign.apps WHERE name = 'second'", "app.removed"),
        (
            "SELECT countersign.revoke_enrollment(enrollment_id) FROM countersign.enrollments",
            "enrollment.revoked"
        ),
    ]

    @Test func `what an administrator changes by a statement is in the trail under the login's own name`()
        async throws
    {
        let site = try await Site.make(signed: false)
        var app = try await site.app()
        try await app.execute(
            "INSERT INTO countersign.enrollments (user_id, device_id) VALUES ('alice', 'a')")
        let login = try await Database.current.makeLogin("admin", in: .admin)
        var admin = try await Database.current.connect(as: login)
        var owner = try await Database.current.connect()
        try await admin.execute("SET countersign.operator = 'console:alice'")
        for (change, type) in Self.changes {
            let before = try await owner.execute("SELECT count(*) FROM countersign.events")[0].int(0)
            try await admin.execute(change)
            let events = try await owner.execute(
                """
                SELECT type, actor, operator, abs(extract(epoch FROM clock_timestamp() - occurred_at)) < 60,
                       details::text
                FROM countersign.events ORDER BY event_id OFFSET \(before)
                """)
            try #require(events.count == 1, "\(change)")
            #expect(try events[0].text(0) == type, "\(change)")
            #expect(try events[0].text(1) == login.name && events[0].text(2) == "console:alice")
            #expect(try events[0].bool(3))
            for secret in ["\\x01", "\"x\"", "\"y\""] { #expect(try !events[0].text(4).contains(secret)) }
        }
    }
}
