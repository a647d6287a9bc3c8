import ArgumentParser
import Countersign
import Foundation
import Support
import Testing

@testable import CountersignCommand

@Suite struct UsageTests {
    static let commands = [
        "migrate up", "migrate status", "migrate verify", "migrate plan", "portal add",
        "portal list",
        "portal enable", "portal disable", "portal credentials add", "portal credentials list",
        "portal credentials rotate", "portal credentials remove", "app add", "app list", "app limit",
        "enrollment release",
        "app enable",
        "app disable", "type add",
        "type list", "type remove", "settings show", "settings set", "callback add", "callback list",
        "callback remove", "config export", "config plan", "config apply", "status", "request show",
        "key generate", "key reseal", "key rotate", "work",
        "serve", "run", "enrollment list", "enrollment show", "enrollment revoke", "events search",
        "events verify", "events archive", "phone enroll",
        "phone scan", "phone accept", "phone deny", "portal pause", "portal resume", "portal limit",
        "portal set",
        "stage list", "stage pause", "stage resume", "stage batch-size", "worker list", "worker drain",
        "log-level set", "log-level list", "operator add", "operator list", "operator remove",
        "operator remove-second-factor", "portal password", "portal remove", "app password", "app remove",
        "operator password", "operator set", "enrollment unlock", "type set",
        "user show", "user export", "user erase",
        "doctor",
        "webhook list", "webhook show", "webhook retry", "webhook replay", "webhook endpoints",
        "webhook limit", "webhook forward",
    ]
    static let groups = [
        "migrate", "portal", "portal credentials", "app", "type", "settings", "callback", "config", "request",
        "enrollment", "events", "phone", "qr", "stage", "worker", "log-level", "operator", "webhook",
        "completion",
        "manual", "migrate show", "user", "console",
    ]

    @Test(arguments: commands + groups) func `help shows how it is typed`(command: String) async throws {
        let words = command.split(separator: " ").map(String.init)
        let outcome = try await Shell().start(words + ["--help"]).outcome()
        #expect(outcome.status == 0 && outcome.errors == "")
        let lines = outcome.output.split(separator: "\n").map { $0.drop { $0 == " " } }
        #expect(lines.contains { $0.hasPrefix("Example") })
        #expect(lines.contains { $0.contains("countersign \(command)") && !$0.hasPrefix("USAGE") })
    }

    /// The parser makes a name of its own from the type's, and looks through all conformances of the program for that: six
    /// commands without one took 1 ms of each start of any.
    @Test func `every command says its name`() {
        var commands: [any ParsableCommand.Type] = [CountersignCommand.self]
        var unnamed: [String] = []
        while let command = commands.popLast() {
            if command.configuration.commandName == nil { unnamed.append("\(command)") }
            commands += command.configuration.subcommands
        }
        #expect(unnamed == [])
    }

    /// Where the width is not known it is 80 columns, and an example that is broken cannot be pasted.
    @Test func `help breaks no example`() async throws {
        let dump = try await Shell().succeed("--experimental-dump-help").output
        let discussions = dump.matches(of: /"discussion" : "((?:[^"\\]|\\.)*)"/).map(\.output.1)
        let lines = try discussions.flatMap { text in
            try JSONDecoder().decode(String.self, from: Data("\"\(text)\"".utf8)).split(separator: "\n")
        }
        let examples = lines.filter { $0.hasPrefix("  ") }
        #expect(examples.count > 200)
        #expect(examples.filter { $0.count > 80 } == [])
    }

    @Test func `the version`() async throws {
        #expect(try await Shell().succeed("--version").output == "\(Program.version)\n")
    }

    @Test(arguments: [
        "frobnicate", "portal frobnicate", "portal add", "status --frobnicate", "key generate x",
    ])
    func `wrong usage`(line: String) async throws {
        let outcome = try await Shell().start(line.split(separator: " ").map(String.init)).outcome()
        #expect(outcome.status == 64)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("countersign: ") && outcome.errors.contains("Usage: countersign"))
    }

    /// 127.0.0.1 answers at port 1 with a refusal at once.
    @Test(
        arguments: commands.filter {
            $0 != "key generate" && !["phone scan", "phone accept", "phone deny"].contains($0)
        })
    func `a database that cannot be reached is one line`(command: String) async throws {
        let arguments = [
            "portal add": ["acme"], "portal enable": ["acme"], "portal disable": ["acme"],
            "portal credentials add": ["acme"], "portal credentials rotate": ["acme", "web"],
            "portal credentials remove": ["acme", "web"], "app add": ["mobile"],
            "app enable": ["mobile"], "app disable": ["mobile"], "type add": ["qr"], "type remove": ["qr"],
            "settings set": ["enrollment_enabled=true"], "callback add": ["acme", "https://acme.example/"],
            "callback remove": ["acme", "https://acme.example/"],
            "config plan": ["-"], "config apply": ["-"],
            "events archive": ["audit", "--before", "30d"],
            "request show": ["0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"],
            "enrollment show": ["0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"],
            "enrollment revoke": ["0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"],
            "enrollment release": ["0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"],
            "app limit": ["mobile", "--waiting", "5"],
            "phone enroll": ["--user", "alice"], "portal pause": ["acme"],
            "portal resume": ["acme"], "portal limit": ["acme", "5"],
            "portal set": ["acme", "--notify-on", "all"], "stage pause": ["issue"],
            "stage resume": ["issue"], "stage batch-size": ["issue", "5"],
            "worker drain": ["0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"], "log-level set": ["issue=debug"],
            "webhook show": ["0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"],
            "webhook retry": ["0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"],
            "webhook replay": ["--portal", "acme", "--since", "2h"],
            "webhook limit": ["acme", "--rate", "5"],
            "webhook forward": ["--portal", "acme", "http://127.0.0.1:3000/"],
            "operator add": ["alice"], "operator remove": ["alice"],
            "operator remove-second-factor": ["alice"], "operator set": ["alice", "--role", "admin"],
            "enrollment unlock": ["0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"], "operator password": ["alice"],
            "portal password": ["acme"], "portal remove": ["acme"], "app password": ["mobile"],
            "user show": ["mobile", "alice"], "user export": ["mobile", "alice"],
            "user erase": ["mobile", "alice"],
            "app remove": ["mobile"], "type set": ["qr", "--expires-in", "60"],
        ]
        let words = command.split(separator: " ").map(String.init) + arguments[command, default: []]
        let shell = Shell(url: "postgres://someone:hush-hush@127.0.0.1:1/nothing", key: .make()).with(
            "COUNTERSIGN_SIGNING_SECRET", "whsec_" + Data(count: 32).base64EncodedString())
        let outcome = try await shell.start(words).outcome()
        #expect(outcome.status == 69)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("countersign: cannot reach the database: "))
        #expect(outcome.errors.count { $0 == "\n" } == 1)
        #expect(!outcome.errors.contains("hush"))
    }

    @Test(arguments: [
        "postgres://me:pa@xyzzy@127.0.0.1:1/db", "postgres://me:pa/xyzzy@127.0.0.1:1/db",
        "postgres://me:pa?xyzzy@127.0.0.1:1/db", "postgres://me:pa%xyzzy@127.0.0.1:1/db",
        "postgres://me:pa#xyzzy@127.0.0.1:1/db", "postgres://[xyzzy", "host=127.0.0.1 port=1 pa$xyzzy",
    ])
    func `a URL that cannot be read gives nothing of itself away`(url: String) async throws {
        let outcome = try await Shell(url: url).run("status")
        #expect([69, 78].contains(outcome.status))
        #expect(outcome.errors.count { $0 == "\n" } == 1)
        #expect(!outcome.errors.contains("xyzzy"), "\(outcome.errors)")
    }

    /// The console's own login, too: its errors are logged.
    @Test(.database) func `a broken URL of the operations server is refused before it is used`() async throws
    {
        let worker = try await Shell.member(of: .worker, key: .make())
        try await worker.with("COUNTERSIGN_OPERATIONS_DATABASE_URL", "postgres://me:pa@xyzzy@127.0.0.1:1/db")
            .run("work", "--operations-listen", "127.0.0.1:0").expect(
                78,
                "the database URL cannot be read: in its password, @ must be written %40, / %2F, ? %3F and % %25"
            )
    }

    @Test(.database) func `where the database is`() async throws {
        let login = try await Database.current.makeLogin("cli", in: .monitor)
        let url = Database.current.url(login: login)
        let nowhere = "postgres://127.0.0.1:1/nothing"
        try await Shell().succeed("status", "--database-url", url)
        try await Shell(url: nowhere).succeed("status", "--database-url", url)
        try await Shell(url: nowhere).with("COUNTERSIGN_DATABASE_URL", url).succeed("status")
        let parts = try #require(
            url.wholeMatch(of: #/postgres(?:ql)?://([^:]*):([^@]*)@([^:]*):([0-9]*)/(.*)/#))
        try await Shell().with("PGHOST", "\(parts.3)").with("PGPORT", "\(parts.4)").with(
            "PGUSER", "\(parts.1)"
        )
        .with("PGPASSWORD", "\(parts.2)").with("PGDATABASE", "\(parts.5)").succeed("status")
    }

    @Test(.database) func `flags are variables, too`() async throws {
        let shell = try await Shell.member(of: .admin)
        let listed = try await shell.with("COUNTERSIGN_JSON", "true").succeed("type", "list")
        #expect(listed.output == "[]\n")
        try await shell.with("COUNTERSIGN_EXPIRES_IN", "60").succeed("type", "add", "quick")
        try await shell.with("COUNTERSIGN_EXPIRES_IN", "60").succeed(
            "type", "add", "slow", "--expires-in", "300")
        let types = try await shell.succeed("type", "list", "--json").json(as: [[String: Any]].self)
        #expect(types.map { $0["request_expires_in"] as? Int } == [60, 300])
        try await shell.with("COUNTERSIGN_EXPIRES_IN", "soon").run("type", "add", "never")
            .expect(78, "COUNTERSIGN_EXPIRES_IN cannot be read: 'soon'")
        // A sound variable is not blamed for what was typed beside it.
        let typed = try await shell.with("COUNTERSIGN_EXPIRES_IN", "60")
            .run("type", "add", "never", "--message", "broken")
        #expect(typed.status == 64 && typed.errors.contains("'broken'"), "\(typed)")
        try await shell.with("COUNTERSIGN_JSON", "maybe").run("type", "list")
            .expect(78, "COUNTERSIGN_JSON must be true or false, not 'maybe'")
    }

    @Test(
        .database,
        arguments: [
            (["portal", "list"], TestLogin.Group.portal, "countersign_monitor"),
            (["app", "list"], .app, "countersign_monitor"), (["type", "list"], .app, "countersign_monitor"),
            (["settings", "show"], .app, "countersign_monitor"),
            (["portal", "disable", "acme"], .monitor, "countersign_admin"),
            (["app", "add", "mobile"], .monitor, "countersign_admin"),
            (["type", "add", "qr"], .monitor, "countersign_admin"),
            (["settings", "set", "enrollment_enabled=false"], .monitor, "countersign_admin"),
            (["callback", "list"], .portal, "countersign_admin"),
            (["status"], .app, "countersign_monitor"),
            (["request", "show", "0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"], .portal, "countersign_monitor"),
        ])
    func `what a login may not do`(
        arguments: [String], group: TestLogin.Group, needed: String
    ) async throws {
        let outcome = try await Shell.member(of: group).start(arguments).outcome()
        #expect(outcome.status == 77)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("countersign: permission denied for "))
        #expect(outcome.errors.hasSuffix(": this needs a login that is a member of \(needed)\n"))
    }

    @Test(
        .database,
        arguments: ["portal list", "app list", "type list", "settings show", "webhook list", "doctor"])
    func `what the login of monitoring may look at`(command: String) async throws {
        let words = command.split(separator: " ").map(String.init)
        let outcome = try await Shell.member(of: .monitor).start(words + ["--json"]).outcome()
        #expect(outcome.status == 0 || command == "doctor")
        #expect(["[", "{"].contains(outcome.output.prefix(1)))
    }

    @Test(.database) func `a wrong password is a matter of rights`() async throws {
        let login = try await Database.current.makeLogin("cli", in: .monitor)
        let wrong = TestLogin(name: login.name, password: "not-this-one")
        let outcome = try await Shell(url: Database.current.url(login: wrong)).run("status")
        #expect(outcome.status == 77)
        #expect(outcome.errors.hasPrefix("countersign: the database refuses this login: "))
        #expect(!outcome.errors.contains("not-this-one"))
    }

    @Test(.database) func `a stranger may not even connect`() async throws {
        let login = try await Database.current.makeLogin("stranger")
        let outcome = try await Shell(url: Database.current.url(login: login)).run("status")
        #expect(outcome.status == 77)
        #expect(outcome.errors.contains("permission denied for database"))
        #expect(outcome.errors.hasSuffix("this needs a login that is a member of countersign_monitor\n"))
    }
}
