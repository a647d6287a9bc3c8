import Engine
import Foundation
import Postgres
import Support
import Testing

/// An installation, who uses it, and what is secret in it. What they do is in the extensions.
struct Everything {
    let evidence: Evidence
    let receiver: Receiver
    let key: MasterKeyText
    let issuer: TokenIssuer
    let folder: URL
    let admin: Shell
    let monitor: Shell
    /// As `portal add` and `app add` printed them.
    let portal: TestLogin
    let app: TestLogin
    let client: (id: String, secret: String)
    let marks: Marks

    /// Texts of this run that are known again anywhere.
    struct Marks {
        private static let suffix = UUID().uuidString.prefix(8).lowercased()
        let walter = "walter-of-sql-\(suffix)"
        let otto = "otto-of-http-\(suffix)"
        let secureMessage = "Pay 500 to the other account, \(suffix)"
        let basicPassword = "basic/password+\(suffix)"
    }

    static func make(_ evidence: Evidence, _ receiver: Receiver) async throws -> Everything {
        let (key, marks) = (MasterKeyText.make(), Marks())
        let base64 = String(key.text.drop { $0 != ":" }.dropFirst())
        evidence.mustNotShow(Secret("master key", bytes: Array(try #require(Data(base64Encoded: base64)))))
        evidence.mustNotShow(Secret("secure message", marks.secureMessage))
        evidence.mustNotShow(Secret("Basic password", marks.basicPassword))
        for user in [marks.walter, marks.otto] { evidence.mustNotShow(Secret("user", user, .user)) }
        let admin = Shell(
            url: try await url(of: Database.current.makeLogin("admin", in: .admin), evidence), key: key)
        let monitor = Shell(
            url: try await url(of: Database.current.makeLogin("monitor", in: .monitor), evidence))
        let folder = FileManager.default.temporaryDirectory.appending(path: "secrecy-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)

        let portal = try await shown(
            admin, "portal", "add", "acme", "--role", Database.current.unique("acme"))
        let app = try await shown(admin, "app", "add", "mobile", "--role", Database.current.unique("mobile"))
        let client = try await shown(admin, "portal", "credentials", "add", "acme")
        for (name, value) in [
            ("portal's password", portal["password"]), ("app's password", app["password"]),
            ("client secret", client["client_secret"]),
        ] { evidence.mustNotShow(Secret(name, try #require(value))) }
        try keepSigningSecret(of: portal, evidence)
        return Everything(
            evidence: evidence, receiver: receiver, key: key, issuer: try TokenIssuer(), folder: folder,
            admin: admin,
            monitor: monitor, portal: try login(portal), app: try login(app),
            client: (try #require(client["client_id"]), try #require(client["client_secret"])), marks: marks)
    }

    /// Of a login whose password must not show.
    static func url(of login: TestLogin, _ evidence: Evidence) -> String {
        evidence.mustNotShow(Secret("password of \(login.name)", login.password))
        return Database.current.url(login: login)
    }

    /// What a command shows once.
    static func shown(_ shell: Shell, _ arguments: String...) async throws -> [String: String] {
        let outcome = try await shell.start(arguments + ["--json"]).outcome()
        #expect(outcome.status == 0 && outcome.errors == "", "\(arguments)")
        return try outcome.json(as: [String: Any].self).compactMapValues { $0 as? String }
    }

    static func keepSigningSecret(of shown: [String: String], _ evidence: Evidence) throws {
        let secret = try #require(shown["signing_secret"])
        evidence.mustNotShow(Secret("signing secret", secret))
        let bytes = try #require(Data(base64Encoded: String(secret.dropFirst(6))))
        evidence.mustNotShow(Secret("signing secret", bytes: Array(bytes)))
    }

    private static func login(_ shown: [String: String]) throws -> TestLogin {
        TestLogin(name: try #require(shown["login"]), password: try #require(shown["password"]))
    }

    /// Types, settings, callback addresses, one with Basic authentication.
    func configure() async throws {
        try await command("type", "add", "qr-code", "--message", "en=Sign in")
        for path in ["/ok", "/fail", "/gone"] {
            let arguments = [
                "callback", "add", "acme", receiver.address + path, "--username", "basic-user",
                "--password-stdin",
            ]
            let outcome = try await admin.start(arguments, input: marks.basicPassword + "\n").outcome()
            #expect(outcome.status == 0, "\(outcome.errors)")
            evidence.add("commands of an admin", outcome.text, [.secret])
        }
    }

    /// What an admin's command says, who may see users.
    @discardableResult
    func command(_ arguments: String..., status: Int32 = 0) async throws -> Outcome {
        let outcome = try await admin.start(arguments).outcome()
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        evidence.add(
            "commands of an admin", "$ \(arguments.joined(separator: " "))\n\(outcome.text)", [.secret])
        return outcome
    }

    /// Worker, gateway, operations and demo in one process, at trace.
    func start() async throws -> RunningProgram {
        let both = try await Database.current.makeLogin("both", in: .worker, .gateway)
        return try Shell(url: Self.url(of: both, evidence), key: key)
            .with("COUNTERSIGN_OPERATIONS_DATABASE_URL", admin.environment["DATABASE_URL"])
            .start(
                [
                    "run", "--listen", "127.0.0.1:0", "--operations-listen", "127.0.0.1:0", "--log-level",
                    "trace",
                    "--log-format", "json", "--allow-http", "127.0.0.0/8", "--allow-ports", "1-65535",
                    "--demo",
                    "--demo-portal", "acme", "--demo-callback", receiver.address + "/ok", "--link-template",
                    "acme://sign-in?otp={otp}",
                ] + issuer.arguments(app: "mobile"))
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }
}
