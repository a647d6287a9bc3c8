import Countersign
import Foundation
import Postgres
import Support
import Testing

/// Several installations on one server, each with groups of its own.
@Suite struct InstallationTests {
    /// Without the leave that other tests give themselves.
    private func owner() -> Shell { Shell.owner().with("COUNTERSIGN_SHARE_GROUPS", nil) }

    @discardableResult
    private func migrateNamed() async throws -> String {
        let name = Database.current.installationName
        try await owner().succeed("migrate", "up", "--installation", name)
        return "countersign_\(name)_"
    }

    private func member(_ group: TestLogin.Group, of prefix: String) async throws -> TestLogin {
        try await Database.current.makeLogin(group.rawValue, in: group, of: prefix)
    }

    @Test(.emptyDatabase) func `groups that another database uses are not taken`() async throws {
        for command in ["up", "plan"] {
            let outcome = try await owner().run("migrate", command)
            #expect(outcome.status == 78)
            #expect(outcome.errors.contains("the groups countersign_portal and so on are used by another"))
            #expect(outcome.errors.hasSuffix("`countersign migrate up --installation NAME`\n"))
        }
        var connection = try await Database.current.connect()
        #expect(try await connection.execute("SELECT to_regnamespace('countersign') IS NULL")[0].bool(0))
        try await owner().run("migrate", "up", "--installation", "No good")
            .expect(65, "an installation's name must be 1 to 32 of a-z and 0-9")
        // Nor those of a named one.
        try await migrateNamed()
        let name = Database.current.installationName
        try await DatabaseTrait.another(isMigrated: false) {
            let second = try await owner().run("migrate", "up", "--installation", name)
            #expect(second.status == 78 && second.errors.contains("countersign_\(name)_portal"))
        }
        // Its database remembers.
        #expect(try await owner().succeed("migrate", "up").output.hasSuffix("nothing to do\n"))
    }

    @Test(.emptyDatabase) func `everything works in a named one`() async throws {
        let prefix = try await migrateNamed()
        let database = Database.current
        let key = MasterKeyText.make()
        let admin = Shell(url: database.url(login: try await member(.admin, of: prefix)), key: key)
        let acme = database.unique("acme")
        let added = try await admin.succeed("portal", "add", "acme", "--role", acme, "--json")
            .json(as: [String: Any].self)
        try await admin.succeed("callback", "add", "acme", Site.callback)
        try await admin.succeed("type", "add", "qr-code", "--message", "en=Sign in")
        try await admin.succeed("events", "--user", "alice")
        let worker = Shell(url: database.url(login: try await member(.worker, of: prefix)), key: key)
        let working = try worker.start(["work"])
        let portal = TestLogin(name: acme, password: try #require(added["password"] as? String))
        var visitor = try await database.connect(as: portal)
        let transaction = try await visitor.request()
        #expect(try await visitor.code(transaction).utf8.count == 64)
        let monitor = Shell(url: database.url(login: try await member(.monitor, of: prefix)))
        try await monitor.succeed("status")
        try await monitor.run("portal", "disable", "acme")
            .expect(
                77,
                "permission denied for table portals: this needs a login that is a member of \(prefix)admin")
        let found = try await owner().run("doctor", "--json").json(as: [[String: Any]].self)
        #expect(
            found.filter { $0["check"] as? String == "drift" }.map { $0["grade"] as? String } == ["ok"],
            "\(found)")
        #expect(try await working.stop() == 0)
    }

    /// Outside of transactions, too, and on the way back.
    @Test(.emptyDatabase) func `a newer program's files speak of its groups`() async throws {
        let prefix = try await migrateNamed()
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        var arguments = ["migrate", "up"]
        for (name, column, directive) in [
            ("0002_shown.sql", "over_limit", "after: grants"), ("0003_more.sql", "name", "no-transaction"),
        ] {
            let right = "SELECT (\(column)) ON countersign.portals"
            let file = folder.appending(path: name)
            try """
            -- minimum-binary: 1
            -- \(directive)
            -- undo: COMMENT ON SCHEMA countersign IS 'of countersign_app';
            GRANT \(right) TO countersign_app;
            """.write(to: file, atomically: false, encoding: .utf8)
            arguments += ["--with", file.path]
        }
        let granted = """
            SELECT count(*) FROM unnest(ARRAY['over_limit', 'name']) AS c
            WHERE has_column_privilege('\(prefix)app', 'countersign.portals', c, 'SELECT')
            """
        #expect(try await owner().start(arguments).outcome().status == 0)
        #expect(try await Database.current.count(granted) == 2)
        try await owner().succeed("migrate", "down")
        var connection = try await Database.current.connect()
        let comment = "SELECT obj_description('countersign'::regnamespace)"
        #expect(try await connection.execute(comment)[0].text(0) == "of \(prefix)app")
        #expect(try await Database.current.count(Self.firstOnes) == 0)
    }

    /// Rights of the first installation's groups here.
    private static let firstOnes = """
        SELECT count(*) FROM pg_shdepend s JOIN pg_database d ON d.datname = current_database()
            AND (d.oid = s.dbid OR s.classid = 'pg_database'::regclass AND d.oid = s.objid)
        JOIN pg_roles r ON r.oid = s.refobjid AND s.refclassid = 'pg_authid'::regclass
        WHERE r.rolname IN ('countersign_portal', 'countersign_app', 'countersign_admin')
        """

    @Test(.emptyDatabase) func `the administrators of one are powerless in another`() async throws {
        let prefix = try await migrateNamed()
        let admin = try await member(.admin, of: prefix)
        let home = Database.current
        try await DatabaseTrait.another(isMigrated: false) {
            let other = try await migrateNamed()
            let theirs = Shell(
                url: Database.current.url(login: try await member(.admin, of: other)), key: .make())
            let portal = Database.current.unique("acme")
            try await theirs.succeed("portal", "add", "acme", "--role", portal)
            let stranger = Shell(url: Database.current.url(login: admin), key: .make())
            for arguments in [
                ["portal", "list"], ["operator", "add", "eve", "--role", "admin"], ["status"],
            ] {
                let refused = try await stranger.start(arguments, input: "secret\n").outcome()
                #expect(refused.status == 77)
                #expect(refused.errors.contains("permission denied for database"))
            }
            // Nor does it take the other's logins.
            let own = Shell(url: home.url(login: admin), key: .make())
            let taken = try await own.run("portal", "add", "beta", "--role", portal)
            #expect(taken.status == 65)
            #expect(taken.errors.contains("role \(portal) is a member of \(other)portal already"))
        }
    }

    /// What `doctor` advises where two have shared them.
    @Test(.database) func `an installation that shares its groups gets its own`() async throws {
        let database = Database.current
        let shell = owner().with("COUNTERSIGN_MASTER_KEY", MasterKeyText.make().text)
        let (acme, mobile) = (database.unique("acme"), database.unique("mobile"))
        try await shell.succeed("portal", "add", "acme", "--role", acme)
        try await shell.succeed("app", "add", "mobile", "--role", mobile)
        func installations() async throws -> [String: Any] {
            let found = try await shell.run("doctor", "--json").json(as: [[String: Any]].self)
            return try #require(found.first { $0["check"] as? String == "installations" })
        }
        let shared = try await installations()
        #expect((shared["finding"] as? String ?? "").hasPrefix("the groups countersign_... are used by"))
        #expect(
            (shared["remedy"] as? String ?? "").hasPrefix(
                "countersign migrate up --installation countersigntest"))
        let prefix = try await migrateNamed()
        #expect(try await installations()["grade"] as? String == "ok")
        // A name that was mistyped would stop all that work.
        try await Database.current.arrangeAsSuperuser(
            """
            INSERT INTO countersign.workers (worker_id, heartbeat_at, process_id, program, host)
            VALUES (gen_random_uuid(), clock_timestamp(), 17, 1, 'w1')
            """)
        let mistyped = try await owner().run("migrate", "up", "--installation", "countersigntst")
        #expect(mistyped.status == 65)
        #expect(mistyped.errors.contains("other groups were asked for, and there is worker "))
        #expect(mistyped.errors.contains("stop it first, or leave --installation as it was"))
        let memberships = """
            SELECT count(*) FROM pg_auth_members m WHERE m.member::regrole::text IN ('\(acme)', '\(mobile)')
              AND m.roleid::regrole::text IN ('\(prefix)portal', '\(prefix)app')
            """
        #expect(try await database.count(memberships) == 2)
        let all = memberships.prefix { $0 != "\n" }
        #expect(try await database.count(String(all)) == 2, "and in no other")
        #expect(try await database.count(Self.firstOnes) == 0)
        let found = try await shell.run("doctor", "--json").json(as: [[String: Any]].self)
        let drift = found.filter { $0["check"] as? String == "drift" }
        #expect(drift.map { $0["grade"] as? String } == ["ok"], "\(drift)")
    }

    @Test(.database) func `a login that another database may know is not taken over`() async throws {
        let portal = try await Database.current.makeLogin("acme", in: .portal)
        let shell = owner().with("COUNTERSIGN_MASTER_KEY", MasterKeyText.make().text)
        let refused = try await shell.run("portal", "add", "acme", "--role", portal.name)
        #expect(refused.status == 65)
        #expect(refused.errors.contains("it may be another installation's"))
    }
}
