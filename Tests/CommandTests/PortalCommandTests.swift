import Countersign
import Foundation
import Postgres
import Support
import Testing

@Suite(.database) struct PortalCommandTests {
    private let key = MasterKeyText.make()

    private func admin() async throws -> Shell { try await Shell.member(of: .admin, key: key) }

    @Test func `adding prints the password and the secret once, and both work`() async throws {
        let database = Database.current
        let login = database.unique("acme")
        let outcome = try await admin().succeed("portal", "add", "acme", "--role", login)
        #expect(outcome.output.hasPrefix("added portal acme\n"))
        let password = try #require(outcome.value(of: "password"))
        let secret = try #require(outcome.value(of: "signing secret"))
        #expect(password.wholeMatch(of: /[A-Za-z0-9_-]{32}/) != nil)
        #expect(outcome.text.ranges(of: password).count == 1)
        #expect(outcome.text.ranges(of: secret).count == 1)

        var portal = try await database.connect(as: TestLogin(name: login, password: password))
        #expect(try await portal.execute("SELECT countersign.portal_channel()")[0].optionalText(0) != nil)
        var owner = try await database.connect()
        let row = try await owner.run(sealedSecret)[0]
        let place = SealedColumn.signingSecret.place(try row.int(0))
        let opened = try key.sealer().open(try row.bytes(1), at: place)
        #expect(opened.count == 32)
        #expect("whsec_" + Data(opened).base64EncodedString() == secret)
    }

    @Test func `neither is stored in the clear nor shown again`() async throws {
        let shell = try await admin()
        let added = try await shell.succeed(
            "portal", "add", "acme", "--role", Database.current.unique("acme"), "--json"
        ).json(as: [String: Any].self)
        let password = try #require(added["password"] as? String)
        let secret = try #require(added["signing_secret"] as? String).dropFirst(6)
        let bytes = try #require(Data(base64Encoded: String(secret)))
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()

        var superuser = try await Database.current.connectAsSuperuser()
        let stored = try await superuser.execute(
            """
            SELECT string_agg(concat(p::text, e::text, a::text), '')
            FROM countersign.portals p, countersign.events e, pg_authid a
            """)[0].text(0)
        let shown = try await shell.succeed("portal", "list", "--json").text
        for haystack in [stored, shown] {
            #expect(!haystack.contains(password))
            #expect(!haystack.contains(secret))
            #expect(!haystack.contains(hex))
        }
        #expect(stored.contains("SCRAM-SHA-256$"))
    }

    @Test func `a login that exists keeps its password, and none is printed`() async throws {
        let login = try await Database.current.makeLogin("acme")
        let shell = try await admin()
        let outcome = try await shell.succeed("portal", "add", "acme", "--role", login.name)
        #expect(outcome.output.contains("The login existed already and keeps its password."))
        #expect(outcome.value(of: "password") == nil)
        #expect(outcome.value(of: "signing secret")?.hasPrefix("whsec_") == true)
        _ = try await Database.current.connect(as: login)
    }

    @Test func `a login without a password`() async throws {
        let login = Database.current.unique("acme")
        let outcome = try await admin().succeed("portal", "add", "acme", "--role", login, "--no-password")
        #expect(outcome.value(of: "password") == nil)
        #expect(outcome.output.contains("The login has no password."))
        var superuser = try await Database.current.connectAsSuperuser()
        let hasNone = try await superuser.run(
            Statement("has none", "SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = $1"),
            [.text(login)])
        #expect(try hasNone[0].bool(0))
    }

    @Test func `the new login is a portal's and has limits`() async throws {
        let login = Database.current.unique("acme")
        try await admin().succeed("portal", "add", "acme", "--role", login)
        var superuser = try await Database.current.connectAsSuperuser()
        let row = try await superuser.run(
            Statement(
                "limits",
                """
                SELECT pg_has_role(oid, 'countersign_portal', 'MEMBER'), rolconnlimit, rolcanlogin AND NOT rolsuper,
                       (SELECT count(*) FROM pg_auth_members WHERE member = r.oid)::integer
                FROM pg_roles r WHERE rolname = $1
                """), [.text(login)])[0]
        #expect(try row.bool(0))
        #expect(try row.int(1) > 0)
        #expect(try row.bool(2))
        #expect(try row.int(3) == 1)
    }

    @Test func `a portal that cannot be added leaves no login behind`() async throws {
        let login = Database.current.unique("acme")
        let outcome = try await admin().run("portal", "add", "No!", "--role", login)
        outcome.expect(65, "a portal's name must be 1 to 63 of a-z, 0-9 and -, and not begin with -")
        var owner = try await Database.current.connect()
        let found = try await owner.run(
            Statement("login", "SELECT FROM pg_roles WHERE rolname = $1"), [.text(login)])
        #expect(found.isEmpty)
        #expect(try await owner.execute("SELECT FROM countersign.events").isEmpty)
    }

    @Test func `names and logins that are taken`() async throws {
        let database = Database.current
        let shell = try await admin()
        let (acme, app) = (database.unique("acme"), database.unique("app"))
        try await shell.succeed("portal", "add", "acme", "--role", acme)
        try await shell.succeed("app", "add", "mobile", "--role", app)
        let again = try await shell.run("portal", "add", "acme", "--role", database.unique("other"))
        again.expect(65, "there is a portal of that name already")
        try await shell.run("portal", "add", "acme", "--role", acme)
            .expect(65, "there is a portal of that name already")
        let shared = try await shell.run("portal", "add", "beta", "--role", acme)
        shared.expect(65, "that login belongs to another portal")
        let foreign = try await shell.run("portal", "add", "beta", "--role", app)
        #expect(foreign.status == 65)
        #expect(foreign.errors.contains("is a member of countersign_app already"))
        let reserved = try await shell.run("portal", "add", "beta", "--role", "pg_acme")
        #expect(reserved.status == 65)
        let long = try await shell.run("portal", "add", "beta", "--role", String(repeating: "x", count: 64))
        let hidden = try await shell.run("portal", "add", "beta", "--role", "ze\n\u{1B}[2Jta")
        for refused in [long, hidden] {
            refused.expect(
                65,
                "a login's name must have 1 to 63 bytes, and no character that cannot be seen or moves others"
            )
        }
    }

    @Test func `listing, disabling and enabling`() async throws {
        let shell = try await admin()
        #expect(try await shell.succeed("portal", "list").output == "There are no portals yet.\n")
        #expect(try await shell.succeed("portal", "list", "--json").output == "[]\n")
        try await shell.succeed("portal", "add", "acme", "--role", Database.current.unique("acme"))
        #expect(try await shell.succeed("portal", "disable", "acme").output == "portal acme is disabled\n")
        #expect(
            try await shell.succeed("portal", "disable", "acme").output == "portal acme is disabled already\n"
        )
        let disabled = try await shell.succeed("portal", "list", "--json").json(as: [[String: Any]].self)
        #expect(disabled.map { $0["enabled"] as? Bool } == [false])
        #expect(try await shell.succeed("portal", "enable", "acme").output == "portal acme is enabled\n")
        let types = try await eventTypes()
        #expect(types == ["portal.added", "portal.disabled", "portal.enabled"])
    }

    /// Names with the columns that a terminal gives them.
    @Test(arguments: [("plain", 5), ("銀行アクメ", 10), ("Ame\u{301}lie", 6), ("🏦 bank", 7)])
    func `columns stand under each other`(name: String, width: Int) async throws {
        let shell = try await admin()
        let login = Database.current.unique("acme")
        try await shell.succeed("portal", "add", "acme", "--role", login, "--display-name", name)
        let lines = try await shell.succeed("portal", "list").output.split(separator: "\n")
        let heading = try #require(lines[0].firstRange(of: "LOGIN")).lowerBound
        let cell = try #require(lines[1].firstRange(of: login)).lowerBound
        #expect(lines[1][..<cell].count - name.count + width == lines[0][..<heading].count)
    }

    @Test func `a name cannot move the terminal's cursor`() async throws {
        let shell = try await admin()
        try await shell.succeed("portal", "add", "acme", "--role", Database.current.unique("acme"))
        // As it can come with rows of another server alone.
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            UPDATE countersign.portals SET display_name = 'ab\u{202E}c'
            """)
        var owner = try await Database.current.connect()
        let listed = try await shell.succeed("portal", "list").output
        #expect(listed.contains("ab\u{FFFD}c"))
        let outcome = try await shell.succeed("portal", "list", "--json")
        #expect(outcome.output.contains(#""ab\u202ec""#))
        let names = try outcome.json(as: [[String: Any]].self).map { $0["display_name"] as? String }
        #expect(names == ["ab\u{202E}c"])
        let told = try await shell.start(["doctor"]).outcome()
        #expect(told.output.contains("the display name of portal acme holds a character that cannot be seen"))
        let broken = try await owner.refusal(
            of: "UPDATE countersign.portals SET display_name = E'Acme\\nSign in'")
        #expect(broken?.state == "CS003")
    }

    @Test func `a display name cannot be taken for another portal's`() async throws {
        let shell = try await admin()
        func add(_ name: String, _ display: String) async throws -> Outcome {
            try await shell.start([
                "portal", "add", name, "--role", Database.current.unique(name), "--display-name", display,
            ]).outcome()
        }
        #expect(try await add("acme", "Acme Bank").status == 0)
        try await add("evil", "Аcme Bank").expect(
            65, "the display name mixes scripts, so that it can be made to look like another; write it in one"
        )
        for like in ["ACME BANK", "Acrne Bank"] {
            try await add("evil", like).expect(65, "the display name looks like that of portal acme")
        }
        #expect(try await add("other", "Банк Москвы").status == 0)
        let listed = try await shell.succeed("portal", "list", "--json").json(as: [[String: Any]].self)
        #expect(listed.count == 2)
    }

    @Test func `what does not exist`() async throws {
        let shell = try await admin()
        let none = try await shell.run("portal", "disable", "acme")
        none.expect(65, "there is no portal acme, and none at all yet: see `countersign portal add --help`")
        for name in ["acme", "beta"] {
            try await shell.succeed("portal", "add", name, "--role", Database.current.unique(name))
        }
        let other = try await shell.run("portal", "enable", "acmee")
        other.expect(65, "there is no portal acmee; there is acme, beta")
        try await shell.run("portal", "enable", "").expect(65, "there is no portal ''; there is acme, beta")
        try await shell.run("portal", "add", "").expect(
            65, "a portal's name must be 1 to 63 of a-z, 0-9 and -, and not begin with -")
    }

    @Test func `a master key is needed, and the right one`() async throws {
        let shell = try await admin()
        let login = Database.current.unique("acme")
        let missing = try await shell.with("COUNTERSIGN_MASTER_KEY", nil).run(
            "portal", "add", "acme", "--role", login)
        missing.expect(
            78,
            "COUNTERSIGN_MASTER_KEY is not set: it holds the key that seals secrets. Give the one of this "
                + "installation; only a new installation makes one, with `countersign key generate`")
        try await shell.succeed("portal", "add", "acme", "--role", login)
        let other = shell.with("COUNTERSIGN_MASTER_KEY", MasterKeyText.make().text)
        let wrong = try await other.run("portal", "add", "beta", "--role", Database.current.unique("beta"))
        #expect(wrong.status == 78)
        #expect(wrong.errors.contains("does not open with master key 1"))
        #expect(try await shell.succeed("portal", "list", "--json").json(as: [Any].self).count == 1)
    }

    /// The way back when the key is lost: no old secret is needed for a new one.
    @Test func `without an overlap a secret is replaced that does not open`() async throws {
        let shell = try await admin()
        for name in ["acme", "beta"] {
            try await shell.succeed("portal", "add", name, "--role", Database.current.unique(name))
        }
        let new = MasterKeyText.make(id: 2)
        let other = shell.with("COUNTERSIGN_MASTER_KEY", new.text)
        #expect(try await other.run("portal", "rotate-secret", "acme").status == 78)
        let first = try await other.succeed("portal", "rotate-secret", "acme", "--overlap", "0s")
        #expect(first.errors.contains("is sealed with master key 1, which is not in COUNTERSIGN_MASTER_KEY"))
        let last = try await other.succeed("portal", "rotate-secret", "beta", "--overlap", "0s")
        #expect(!last.errors.contains("master key"))
        var owner = try await Database.current.connect()
        try await new.sealer().checkMasterKey(&owner)
    }

    /// Two logins that take all that there is keep everybody else out.
    @Test func `adding warns when the limits of all logins are more than the server has`() async throws {
        let database = Database.current
        let shell = try await admin()
        var superuser = try await database.connectAsSuperuser()
        let most = try await superuser.execute("SELECT current_setting('max_connections')::bigint")[0].int(0)
        let (first, second) = (database.unique("first"), database.unique("second"))
        try await shell.succeed("portal", "add", "first", "--role", first)
        try await superuser.execute("ALTER ROLE \"\(first)\" CONNECTION LIMIT \(most)")
        let loud = try await shell.run("portal", "add", "second", "--role", second, "--json")
        #expect(try loud.json(as: [String: Any].self)["name"] as? String == "second")
        #expect(loud.errors.contains("may open \(most + 20) connections together, and the server has "))
        try await superuser.execute("ALTER ROLE \"\(first)\" CONNECTION LIMIT 1")
        try await shell.succeed("app", "add", "mobile", "--role", database.unique("mobile"))
    }
}

private let sealedSecret = Statement("sealed", "SELECT portal_id, signing_secret FROM countersign.portals")

/// The audit, oldest first.
func eventTypes() async throws -> [String] {
    var owner = try await Database.current.connect()
    return try await owner.execute("SELECT type FROM countersign.events ORDER BY event_id").map {
        try $0.text(0)
    }
}

extension Outcome {
    /// What stands behind a name in the lines that adding prints.
    func value(of name: String) -> String? {
        output.split(separator: "\n").first { $0.hasPrefix("  \(name) ") }?
            .split(separator: " ").last.map(String.init)
    }
}
