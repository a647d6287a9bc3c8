import Countersign
import Foundation
import Postgres
import Support
import Testing

/// What any login may do to a server, until a superuser has taken it. One after the other: they change one server.
@Suite(.database, .serialized) struct ServerRightsTests {
    private static let attacks = [
        "SELECT pg_advisory_lock(n) FROM generate_series(1, 10) n", "SELECT pg_try_advisory_lock(1)",
        "SELECT pg_advisory_xact_lock_shared(1, 2)", "SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_put(1, 0, 'x')", "SELECT lo_truncate64(0, 9)", "SELECT pg_notify('flood', 'x')",
        "SELECT pg_notification_queue_usage()", "SELECT pg_logical_emit_message(false, 'x', 'x')",
        "SET temp_file_limit = -1",
    ]

    /// What takes its lock before PostgreSQL looks at whose the table is.
    private static let definitions = [
        "CREATE RULE r AS ON INSERT TO countersign.auth_requests DO NOTHING",
        "CREATE RULE r AS ON INSERT TO countersign.settings DO NOTHING",
        "CREATE RULE r AS ON INSERT TO pg_catalog.pg_class DO NOTHING",
        "CREATE TRIGGER t BEFORE INSERT ON countersign.auth_requests EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "DROP TRIGGER check_auth_request ON countersign.auth_requests",
        "DROP RULE r ON countersign.auth_requests",
        "DROP POLICY p ON countersign.auth_requests", "ALTER TABLE countersign.auth_requests ADD x integer",
    ]

    /// The SQL that doctor prints, pasted into psql.
    private func paste() async throws {
        let found = try await Shell.owner().run("doctor", "--json").json(as: [[String: Any]].self)
        let finding = try #require(found.first { $0["check"] as? String == "rights on the server" })
        #expect(finding["remedy_by"] as? String == "superuser")
        let text = try #require(finding["remedy"] as? String)
        // The guide prints it, too.
        let guide = Checkout.root.appending(path: "Sources/Countersign/Countersign.docc/Security.md")
        let printed = text.replacing("countersign_test_owner", with: "countersign_owner")
            .replacing(Database.current.name, with: "countersign")
        #expect(try String(contentsOf: guide, encoding: .utf8).contains(printed))
        try await typeIntoPSQL(text, Database.current.superuserURL)
    }

    @Test func `a superuser's statement ends the attacks, and all goes on`() async throws {
        let site = try await Site.make()
        try await paste()
        for login in [site.portalLogin, site.appLogin] {
            var hostile = try await Database.current.connect(as: login)
            for attack in Self.attacks {
                #expect(try await hostile.refusal(of: attack)?.state == "42501", "\(attack)")
            }
        }
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let channel = try await portal.execute("SELECT countersign.portal_channel()")[0].text(0)
            try await portal.listen(to: [channel])
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
            #expect(try await portal.status(transaction) == "authenticated")
            #expect(try await !portal.notifications(until: .now + .seconds(30)).isEmpty)
            let cancelled = try await portal.request()
            #expect(try await portal.cancel(cancelled))
            try await expectGateway()
        }
        let admin = try await Shell.member(of: .admin, key: .make())
        try await admin.succeed("type", "add", "other", "--message", "en=Sign in")
        try await admin.succeed("enrollment", "list", "--app", "acme-app")
        try await Shell.member(of: .monitor).succeed("status")
        try await Shell.owner().succeed("migrate", "up")
        let found = try await Shell.owner().run("doctor", "--json").json(as: [[String: Any]].self)
        let rights = found.filter { $0["check"] as? String == "rights on the server" }
        #expect(rights.map { $0["grade"] as? String } == ["ok"])
        #expect(found.allSatisfy { $0["check"] as? String != "drift" || $0["grade"] as? String == "ok" })
    }

    /// Who waited for such a lock let everybody wait behind it, for as long as one transaction was open that had read.
    @Test func `nobody stands behind DDL of who owns nothing`() async throws {
        let site = try await Site.make()
        try await paste()
        var reader = try await Database.current.connect(as: site.portalLogin)
        try await reader.execute("BEGIN")
        try await reader.execute(
            "SELECT count(*) FROM countersign.auth_results; SELECT count(*) FROM pg_class")
        _ = try await reader.request()
        for login in [site.portalLogin, site.appLogin] {
            var hostile = try await Database.current.connect(as: login)
            try await hostile.execute("SET lock_timeout = '10 s'")  // instead of for ever
            for definition in Self.definitions {
                #expect(try await hostile.refusal(of: definition)?.state == "42501", "\(definition)")
            }
        }
        try await Shell.owner().succeed("migrate", "up")
    }

    /// As it speaks for a portal.
    private func expectGateway() async throws {
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        var gateway = try await Database.current.connect(as: login)
        try await gateway.execute("SET countersign.portal = 'acme'")
        let transaction = try await gateway.request("by http")
        #expect(try await gateway.code(transaction).utf8.count == 64)
    }
}
