import Countersign
import Foundation
import Postgres
import Support
import Testing

@Suite(.database) struct ConfigCommandTests {
    private let key = MasterKeyText.make()

    /// What there is of everything, as commands make it.
    private func arrange() async throws -> Shell {
        let shell = try await Shell.member(of: .admin, key: key)
        let acme = Database.current.unique("acme")
        try await shell.succeed("portal", "add", "acme", "--role", acme, "--display-name", "Acme: \"Bank\"")
        try await shell.succeed("callback", "add", "acme", "https://acme.example/a?b=c&d=~e")
        try await shell.succeed(
            "callback", "add", "acme", "https://acme.example/cb", "--username", "web", "--password-stdin",
            input: "hush\n")
        try await shell.succeed("portal", "limit", "acme", "500", "--starts-per-source", "60")
        try await shell.succeed("webhook", "limit", "acme", "--rate", "50")
        try await shell.succeed("portal", "set", "acme", "--notify-on", "denied,authenticated")
        try await shell.succeed("app", "add", "mobile", "--role", Database.current.unique("mobile"))
        try await shell.succeed(
            "type", "add", "qr-code", "--expires-in", "90", "--message", "en=Sign in # here", "--message",
            "nl-be=Meld je aan: é")
        try await shell.succeed("type", "add", "plain", "--confirm-code", "always", "--redeem-once", "yes")
        try await shell.succeed("settings", "set", "enrollment_enabled=false")
        return shell
    }

    private func export(_ shell: Shell) async throws -> String {
        try await shell.succeed("config", "export").output
    }

    private func plan(_ shell: Shell, _ file: String, _ options: String...) async throws -> Outcome {
        try await shell.start(["config", "plan", "-"] + options, input: file).outcome()
    }

    private func apply(_ shell: Shell, _ file: String, _ options: String...) async throws -> Outcome {
        try await shell.start(["config", "apply", "-", "--yes"] + options, input: file).outcome()
    }

    @Test func `what is exported and applied to nothing is exported again`() async throws {
        let shell = try await arrange()
        let file = try await export(shell)
        #expect(file.contains("      https://acme.example/a?b=c&d=~e:\n"))
        #expect(file.contains("\n    expires-in: 90\n") && !file.contains("hush"))
        let same = try await plan(shell, file)
        #expect(same.status == 0 && same.output == "")
        #expect(same.errors.contains("no secret at env:ACME_CALLBACK_PASSWORD_2"))

        try await shell.succeed("portal", "disable", "acme")
        try await shell.succeed("app", "disable", "mobile")
        #expect(try await apply(shell, "portals:\napps: {}\ntypes: ~\n", "--prune").status == 0)
        #expect(try await export(shell).contains("types:\nportals:\napps:\nstages:\n"))
        // Other databases of the server use the groups, so that the logins were left in them. From PostgreSQL 16 on each
        // grantor's grant is one of its own.
        try await Database.current.arrangeAsSuperuser(
            """
            DO $$ DECLARE g record; BEGIN
                FOR g IN SELECT m.roleid::regrole, m.member::regrole, m.grantor::regrole FROM pg_auth_members m
                         WHERE m.member::regrole::text IN ('\(Database.current.unique("acme"))',
                                                           '\(Database.current.unique("mobile"))') LOOP
                    EXECUTE format('REVOKE %s FROM %s GRANTED BY %s', g.roleid, g.member, g.grantor);
                END LOOP;
            END $$
            """)
        let without = try await apply(shell, file)
        #expect(without.status == 65 && without.errors.contains(": there is no secret at env:ACME_CALLBACK_"))
        let secret = "whsec_" + Data(repeating: 7, count: 32).base64EncodedString()
        let secretFile = FileManager.default.temporaryDirectory.appending(
            path: Database.current.unique("secret"))
        defer { try? FileManager.default.removeItem(at: secretFile) }
        let given = file.replacing(
            "    signing-key:", with: "    signing-secret: file:\(secretFile.path)\n    signing-key:")
        for own in ["export COUNTERSIGN_MASTER_KEY=1:c2VjcmV0", "localhost:5432:countersign:admin:c2VjcmV0"] {
            try Data("\(own)\n".utf8).write(to: secretFile)
            let refused = try await apply(shell.with("ACME_CALLBACK_PASSWORD_2", "hush"), given)
            #expect(refused.status == 65 && refused.errors.contains("is for countersign or libpq itself"))
            #expect(!refused.text.contains("c2VjcmV0"))
        }
        try Data("\(secret)\nanother line\n".utf8).write(to: secretFile)
        let applied = try await apply(shell.with("ACME_CALLBACK_PASSWORD_2", "hush"), given)
        #expect(applied.status == 0, "\(applied.text)")
        #expect(!applied.text.contains("hush") && !applied.text.contains(secret))
        #expect(try await export(shell) == file)
        try await expectSecrets("hush", Array(repeating: 7, count: 32))
        let events = try await eventTypes()
        #expect(events.suffix(20).contains("portal.added") && events.contains("portal.removed"))
        #expect(try await plan(shell.with("ACME_CALLBACK_PASSWORD_2", "hush"), file).text == "")
        let other = try await plan(shell.with("ACME_CALLBACK_PASSWORD_2", "other"), file)
        #expect(
            other.status == 2 && other.output.contains("+         password: env:ACME_CALLBACK_PASSWORD_2"))
    }

    private func expectSecrets(_ password: String, _ signing: [UInt8]) async throws {
        var owner = try await Database.current.connect()
        let rows = try await owner.run(
            Statement(
                "secrets",
                """
                SELECT p.portal_id, p.signing_secret, c.callback_id, c.password
                FROM countersign.portals p JOIN countersign.callback_urls c USING (portal_id) WHERE c.password IS NOT NULL
                """))
        let sealer = try key.sealer()
        try #require(rows.count == 1)
        let (portal, callback) = (try rows[0].int(0), try rows[0].int(2))
        let secret = try sealer.open(rows[0].bytes(1), at: SealedColumn.signingSecret.place(portal))
        #expect(secret == signing)
        let opened = try sealer.open(rows[0].bytes(3), at: SealedColumn.callbackPassword.place(callback))
        #expect(opened == Array(password.utf8))
    }

    @Test func `what a portal's pages, programs and receivers need comes with the file`() async throws {
        let shell = try await arrange()
        let file = """
            portals:
              acme:
                signing-key: on
                origins: {"https://acme.example": , "http://127.0.0.1:8080": }
                client-ids: {acme-web: , acme-app: }
            stages:
              issue: {paused: on, batch-size: 100}
            log-levels: {dispatch: debug}
            operators:
              desk: {role: viewer, portal: acme}
              alice: {role: admin}
            """
        let applied = try await apply(shell, file, "--json").json(as: [[String: String]].self)
        #expect(applied.map { $0["client_id"] ?? $0["name"] } == ["acme-web", "acme-app", "desk", "alice"])
        #expect(applied.allSatisfy { ($0["client_secret"] ?? $0["password"])?.count == 32 })
        #expect(try await plan(shell, file).status == 0)
        let exported = try await export(shell)
        #expect(exported.contains("    signing-key: true\n"))
        #expect(
            exported.contains("    origins:\n      http://127.0.0.1:8080:\n      https://acme.example:\n"))
        #expect(exported.contains("    client-ids:\n      acme-web:\n      acme-app:\n"))
        #expect(exported.contains("  issue:\n    paused: true\n    batch-size: 100\n"))
        #expect(exported.contains("log-levels:\n  dispatch: debug\n"))
        #expect(exported.hasSuffix("  desk:\n    role: viewer\n    portal: acme\n"))

        let less = """
            portals: {acme: {signing-key: off, origins: {"https://acme.example": }, client-ids: {acme-next: }}}
            stages: {issue: {paused: off, batch-size: default}}
            log-levels: {}
            operators: {desk: {role: operator}}
            """
        let pruned = try await apply(shell, less, "--prune")
        #expect(pruned.status == 0, "\(pruned.text)")
        #expect(!pruned.output.contains("acme-web\n  client_secret"))
        let after = try await export(shell)
        #expect(after.hasSuffix("log-levels:\noperators:\n  desk:\n    role: operator\n"))
        #expect(after.contains("    client-ids:\n      acme-next:\n") && !after.contains("127.0.0.1:8080"))
        // With a portal go its accounts.
        _ = try await apply(shell, "operators: {desk: {role: viewer, portal: acme}}")
        try await shell.succeed("portal", "disable", "acme")
        let gone = try await apply(shell, "portals:\noperators:\n", "--prune")
        #expect(gone.status == 0, "\(gone.text)")
    }

    @Test func `a plan shows the difference and changes nothing`() async throws {
        let shell = try await arrange()
        let before = try await export(shell)
        let file = """
            settings:
              enrollment_enabled: on
            types:
              qr-code: {expires-in: 120, code-rotation: 0, messages: {en: Enter}}
            portals:
              acme:
                webhook-rate: 0
                starts-per-source: 0
                notify-on: authenticated, denied, failed
                callbacks:
                  https://acme.example/new:
            """
        let outcome = try await plan(shell, file)
        #expect(outcome.status == 2)
        #expect(
            outcome.output == """
                  settings:
                -   enrollment_enabled: false
                +   enrollment_enabled: true
                  types:
                    qr-code:
                -     expires-in: 90
                +     expires-in: 120
                      messages:
                -       en: "Sign in # here"
                +       en: Enter
                  portals:
                    acme:
                -     starts-per-source: 60
                +     starts-per-source: 0
                -     notify-on: "authenticated,denied"
                +     notify-on: "authenticated,denied,failed"
                -     webhook-rate: 50
                +     webhook-rate: 0
                      callbacks:
                +       https://acme.example/new:

                """)
        #expect(
            outcome.errors == """
                countersign: not in the file, and left alone without --prune: types plain, types qr-code messages \
                nl-be, portals acme callbacks https://acme.example/a?b=c&d=~e, portals acme callbacks \
                https://acme.example/cb
                countersign: the database differs from -

                """)
        #expect(try await export(shell) == before)
        #expect(try await apply(shell, file).status == 0)
        #expect(try await plan(shell, file).status == 0)
        let pruned = try await apply(shell, file, "--prune")
        #expect(pruned.status == 0 && pruned.errors.contains("-   plain:"))
        let after = try await export(shell)
        #expect(!after.contains("plain") && !after.contains("/cb") && !after.contains("nl-be"))
        #expect(after.contains("  mobile:"))
        let again = try await apply(shell, file, "--prune")
        #expect(again.output == "there is nothing to change\n")
    }

    @Test(arguments: wrongFiles)
    func `what is wrong is told with its line, and nothing is done`(file: String, sentence: String)
        async throws
    {
        let shell = try await arrange()
        let before = try await export(shell)
        let events = try await eventTypes().count
        let fitting = file.replacing("LOGIN", with: Database.current.unique("acme"))
        for outcome in [try await plan(shell, fitting), try await apply(shell, fitting)] {
            #expect(outcome.status == 65 && outcome.output == "")
            let line = outcome.errors.split(separator: "\n").last { $0.contains("standard input") }
            #expect(line?.hasPrefix("countersign: standard input" + sentence) == true, "\(outcome.errors)")
            #expect(!outcome.errors.contains("hunter2"))
        }
        #expect(try await export(shell) == before)
        #expect(try await eventTypes().count == events)
    }

    @Test func `who applies while another does is told so`() async throws {
        let shell = try await arrange()
        var holder = try await Database.current.connect()
        try await holder.execute(
            "SELECT pg_advisory_lock(hashtextextended('countersign config', 0))")
        let files = (0..<2).map { "types:\n  plain:\n    expires-in: \(200 + $0)\n" }
        let running = try files.map { try shell.start(["config", "apply", "-", "--yes"], input: $0) }
        try await Database.current.wait(until: waitingForLock, is: 2)
        try await holder.execute("SELECT pg_advisory_unlock_all()")
        var statuses: [Int32] = []
        for program in running { statuses.append(try await program.outcome().status) }
        #expect(statuses.sorted() == [0, 75])
        let applied = try await export(shell)
        #expect(applied.contains("expires-in: \(statuses[0] == 0 ? 200 : 201)"))
    }

    @Test func `what changes while somebody asks is not overwritten`() async throws {
        let shell = try await arrange()
        var holder = try await Database.current.connect()
        try await holder.execute(
            "SELECT pg_advisory_lock(hashtextextended('countersign config', 0))")
        let running = try shell.start(
            ["config", "apply", "-", "--yes"], input: "types:\n  plain:\n    expires-in: 200\n")
        try await Database.current.wait(until: waitingForLock, is: 1)
        try await shell.succeed("type", "set", "plain", "--expires-in", "300")
        try await holder.execute("SELECT pg_advisory_unlock_all()")
        let outcome = try await running.outcome()
        #expect(
            outcome.status == 75
                && outcome.errors.contains("somebody has changed the configuration meanwhile"))
        #expect(try await export(shell).contains("expires-in: 300"))
    }

    @Test func `generated secrets are shown once`() async throws {
        let shell = try await arrange()
        let login = Database.current.unique("beta")
        let file = "portals:\n  beta:\n    login: \(login)\napps:\n  tablet:\n    login: \(login)2\n"
        let made = try await apply(shell, file, "--json").json(as: [[String: String]].self)
        #expect(made.map(\.keys.count) == [4, 3] && made[0]["signing_secret"]?.hasPrefix("whsec_") == true)
        #expect(made.map { $0["password"]?.count } == [32, 32])
        #expect(try await plan(shell, file).status == 0)
    }

    @Test func `bombs of aliases, depth and size are refused at once`() async throws {
        let shell = try await Shell.member(of: .admin)
        let bomb = "a: &a [x]\n" + (1...40).map { "b\($0): &b\($0) [*a, *a]\n" }.joined()
        for (file, sentence) in [
            (bomb, ":2: anchors and aliases (&name, *name) are not taken: write out what they stand for"),
            ("? &k {a: b}\n: 1\n? {*k : *k}\n: 2", ":3: anchors and aliases"),
            (
                String(repeating: "[", count: 500_000),
                ":1: this cannot be read as YAML: Maximum nesting level"
            ),
            (String(repeating: "{a: ", count: 900), ":"),
            (String(repeating: " ", count: 1_048_577), ": the file has more than 1 MiB"),
            ("types: !!binary aGk=", ":1: below types stand names with a colon behind each"),
            ("settings: {}\n---\ntypes: {}\n", ":2: this cannot be read as YAML"),
        ] {
            let outcome = try await apply(shell, file)
            #expect(outcome.status == 65)
            #expect(outcome.errors.hasPrefix("countersign: standard input" + sentence), "\(outcome.errors)")
        }
    }
}

private let wrongFiles = [
    (
        "types:\n  plain:\n    expire: 5\n",
        ":3: there is no 'expire' below plain: there is expires-in, confirm-code"
    ),
    ("type: {}\n", ":1: there is no 'type' in the file: there is settings, types, portals, apps"),
    ("settings:\n  signature_required: maybe\n", ":2: signature_required: it is true or false, not 'maybe'"),
    (
        "types:\n  new:\n  plain:\n    confirm-code: never\n    expires-in: 601\n",
        ":5: plain expires-in: a request must expire in 30 to 600 seconds"
    ),
    (
        "portals:\n  beta:\n    login: LOGIN\n", ":2: beta: that login belongs to another portal"
    ),
    (
        "portals:\n  acme:\n    login: other\n",
        ":3: acme login: a portal keeps the login that it was added with"
    ),
    (
        "portals:\n  acme:\n    callbacks:\n      https://a.example/:\n        username: a\n        password: hunter2\n",
        ":6: password: a secret stands elsewhere, and here where: env:NAME or file:PATH, never itself"
    ),
    (
        "portals:\n  acme:\n    callbacks:\n      https://a.example/:\n        username: a\n        password: env:COUNTERSIGN_MASTER_KEY\n",
        ":6: password: a secret stands elsewhere, and here where: env:NAME or file:PATH, never itself, and no variable"
    ),
    (
        "portals:\n  acme:\n    open-requests: 7\n    webhook-concurrency: 1000\n",
        ":4: acme webhook-concurrency: a receiver gets 1 to 100 webhooks at a time"
    ),
    (
        "apps:\n  mobile:\n    waiting: 5\n    devices-per-user: 0\n",
        ":4: mobile devices-per-user: a user may have 1 to 1000 devices"
    ),
    ("types:\n  plain:\n    messages:\n      en:\n", ":4: en needs one value"),
    ("operators:\n  alice:\n    portal: acme\n", ":2: alice: an account needs a role"),
    (
        "operators:\n  alice: {role: admin, portal: acme}\n",
        ":2: alice: only a viewer can be bound to a portal, not an admin"
    ),
    ("stages:\n  issue:\n    batch-size: 1001\n", ":3: issue batch-size: a batch size must lie between"),
    ("stages:\n  isue:\n", ":2: there is no 'isue' below stages: there is enroll, issue"),
    ("log-levels:\n  dispatch: loud\n", ":2: dispatch: it is trace or debug or"),
    (
        "portals:\n  acme:\n    origins:\n      https://a.example/path:\n",
        ":4: acme origins https://a.example/path: "
    ),
    ("types:\n  plain: {}\n  plain: {}\n", ":2: plain stands there twice"),
]

/// Sessions that wait for an advisory lock.
private let waitingForLock = """
    SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
    WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted
    """
