import Countersign
import Foundation
import Postgres
import Support
import Testing

/// `countersign restored`, and the journal in which commands write what a restore must not take back.
@Suite(.database) struct RestoredCommandTests {
    private struct Scene {
        let shell: Shell
        let journal: String

        init() async throws {
            let key = MasterKeyText.make()
            journal =
                FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)").path
            shell = try await Shell.member(of: .admin, key: key).with("COUNTERSIGN_JOURNAL", journal)
        }

        var commands: [String] {
            get async throws { try await Journal(path: journal).entries().map(\.command) }
        }

        func remove() { try? FileManager.default.removeItem(atPath: journal) }
    }

    @Test func `what is changed is in the journal before it is answered, and no secret`() async throws {
        let scene = try await Scene()
        defer { scene.remove() }
        let shell = scene.shell
        let login = Database.current.unique("acme")
        try await shell.succeed("portal", "add", "acme", "--role", login)
        try await shell.succeed("settings", "set", "enrollment_enabled=false")
        let secret =
            try await shell.succeed("portal", "rotate-secret", "acme", "--json")
            .json(as: [String: Any].self)["signing_secret"] as? String
        try await shell.succeed("portal", "credentials", "add", "acme", "--client-id", "web")
        try await shell.succeed("portal", "credentials", "rotate", "acme", "web")
        try await shell.succeed("portal", "signing-key", "add", "acme")
        try await shell.succeed("portal", "disable", "acme")
        let enrollment = try await enrolled()
        try await shell.succeed("enrollment", "revoke", "\(enrollment)")
        #expect(
            try await scene.commands == [
                "portal add acme --role \(login)", "settings set enrollment_enabled=false",
                "portal rotate-secret acme",
                "portal credentials add acme web", "portal credentials rotate acme web",
                "portal signing-key add acme", "portal disable acme",
                "enrollment revoke \(enrollment)",
            ])
        let text = try String(contentsOfFile: scene.journal, encoding: .utf8)
        let hidden = try #require(secret).dropFirst(6)
        #expect(!text.contains(hidden))
        let mode =
            try FileManager.default.attributesOfItem(atPath: scene.journal)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        #expect(try await shell.run("settings", "set", "enrollment_enabled=maybe").status == 64)
        #expect(try await scene.commands.count == 8)
    }

    @Test func `so is what is added, and what no row of a table tells`() async throws {
        let scene = try await Scene()
        defer { scene.remove() }
        let login = Database.current.unique("login")
        let typed = [
            ["app", "add", "mobile", "--no-password", "--role", "\(login)app", "--connections", "5"],
            ["portal", "add", "acme", "--no-password", "--role", login, "--display-name", "Acme Bank"],
            ["operator", "add", "alice", "--role", "viewer", "--portal", "acme"],
            ["webhook", "limit", "acme", "--concurrency", "4", "--rate", "none"],
            ["key", "reseal"],
        ]
        for command in typed {
            #expect(try await scene.shell.start(command).outcome().status == 0)
        }
        #expect(
            try await scene.commands
                == typed.map { $0.map { $0 == "Acme Bank" ? "'Acme Bank'" : $0 }.joined(separator: " ") })
        let count = try await scene.commands.count
        #expect(try await scene.shell.run("portal", "add", "acme").status != 0)
        #expect(try await scene.commands.count == count)
    }

    @Test func `a journal that cannot be opened stops a command before it does anything`() async throws {
        let shell = try await Shell.member(of: .admin)
        let added = try await shell.run("app", "add", "mobile", "--journal", "/nowhere/journal")
        #expect(added.status == 78)
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.apps") == 0)
        let outcome = try await shell.run(
            "settings", "set", "enrollment_enabled=false", "--journal", "/nowhere/journal")
        #expect(outcome.status == 78)
        #expect(
            outcome.errors
                == "countersign: the journal /nowhere/journal cannot be opened: No such file or directory\n")
        #expect(
            try await Database.current.count("SELECT enrollment_enabled::integer FROM countersign.settings")
                == 1)
    }

    @Test func `it repeats revocations, shows what has to be repeated, and lets webhooks go`() async throws {
        let scene = try await Scene()
        defer { scene.remove() }
        let shell = scene.shell
        #expect(try await shell.succeed("restored").output.hasPrefix("History has not gone back"))
        let enrollment = try await enrolled()
        try await shell.succeed("enrollment", "revoke", "\(enrollment)")
        try await shell.succeed("settings", "set", "enrollment_enabled=false")
        // As a restore leaves it: an hour ago.
        try await Database.current.arrange(
            """
            UPDATE countersign.enrollments SET status = 'active';
            UPDATE countersign.epoch SET noted_at = now() - interval '1 hour';
            """)
        try await shell.run("restored", "--show", "--discard")
            .expect(64, "--show changes nothing: leave out --discard, or it")
        let declared = try await shell.succeed("restored", "--declare", "--yes", "--json")
            .json(as: [String: Any].self)
        #expect(declared["enrollments_revoked"] as? Int == 1)
        #expect(declared["reason"] as? String == "an operator says so")
        let repeated = try #require(declared["to_repeat"] as? [String])
        #expect(repeated.count == 1 && repeated[0].hasSuffix("Z settings set enrollment_enabled=false"))
        let status =
            "SELECT count(*) FROM countersign.enrollments WHERE reason = 'revoked before the restore'"
        #expect(try await Database.current.count(status) == 1)
        let events = "SELECT count(*) FROM countersign.events WHERE type LIKE 'epoch.%'"
        #expect(try await Database.current.count(events) == 2)
    }

    /// A working service's sign-ins, for a word mistyped.
    @Test func `nothing is declared before somebody has said yes`() async throws {
        let scene = try await Scene()
        defer { scene.remove() }
        let site = try await Site.make()
        try await site.load(2)
        let shown = try await scene.shell.succeed("restored", "--show", "--declare", "--json")
            .json(as: [String: Any].self)
        #expect(shown["requests_to_fail"] as? Int == 2 && shown["codes_to_remove"] as? Int == 0)
        try await scene.shell.run("restored", "--declare").expect(
            64,
            "open requests end as failed (2), their webhooks are sent, and codes that were not collected are removed "
                + "(0): give --yes, where nobody can be asked")
        let open = "SELECT count(*) FROM countersign.auth_requests WHERE open_until IS NOT NULL"
        #expect(try await Database.current.count(open) == 2)
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.epochs") == 0)
        try await scene.shell.succeed("restored", "--declare", "--yes")
        #expect(try await Database.current.count(open) == 0)
    }

    @Test func `doctor names it until somebody has looked after it`() async throws {
        let scene = try await Scene()
        defer { scene.remove() }
        func history() async throws -> [String] {
            let findings = try await scene.shell.run("doctor", "--json").json(as: [[String: Any]].self)
            return findings.filter { $0["check"] as? String == "history" }.compactMap {
                $0["finding"] as? String
            }
        }
        #expect(try await history() == ["has never gone back, as far as can be known"])
        try await scene.shell.succeed("settings", "set", "enrollment_enabled=false")
        try await Database.current.arrange(
            """
            UPDATE countersign.epoch SET noted_at = now() - interval '1 hour';
            SELECT countersign.declare_epoch();
            """)
        let found = try await history()
        #expect(found.count == 2 && found[0].hasSuffix("an operator says so"))
        #expect(found[1].hasPrefix("undone: settings set enrollment_enabled=false (of 20"))
        try await scene.shell.succeed("restored")
        #expect(try await history() == ["has gone back once, and was looked after"])
    }

    /// Whoever is told that a commit is done must find it after a crash.
    @Test func `doctor names logins whose commits can be lost`() async throws {
        let login = try await Database.current.makeLogin("hasty", in: .portal)
        let stranger = try await Database.current.makeLogin("stranger")
        try await Database.current.arrangeAsSuperuser(
            """
            ALTER ROLE "\(login.name)" SET synchronous_commit = off;
            ALTER ROLE "\(stranger.name)" SET synchronous_commit = off;
            ALTER DATABASE "\(Database.current.name)" SET synchronous_commit = local;
            """)
        let findings = try await Shell.member(of: .admin).run("doctor", "--json").json(
            as: [[String: Any]].self)
        let commits = findings.filter { $0["check"] as? String == "commits" }
        let sentences = Set(commits.compactMap { $0["finding"] as? String })
        #expect(
            sentences == [
                "login \(login.name): synchronous_commit is off",
                "every login of this database: synchronous_commit is local",
            ])
    }

    private func enrolled() async throws -> Identifier {
        var owner = try await Database.current.connect()
        return try await owner.execute(
            """
            INSERT INTO countersign.apps (login, name) VALUES ('nobody', 'mobile');
            INSERT INTO countersign.enrollments (app_id, user_id, device_id, status)
            SELECT app_id, 'alice', 'phone', 'active' FROM countersign.apps RETURNING enrollment_id
            """)[0].identifier(0)
    }
}
