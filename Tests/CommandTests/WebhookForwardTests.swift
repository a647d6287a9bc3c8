import Administration
import Countersign
import Crypto
import Foundation
import Glibc
import Postgres
import Support
import Testing

/// `countersign webhook forward`, with a portal's own login.
@Suite(.database) struct WebhookForwardTests {
    private let key = MasterKeyText.make()

    private struct Site {
        let secret: String
        let callback: String
        let login: TestLogin
        /// Who is the portal's developer.
        let developer: Shell
    }

    private func arrange(_ callback: String = "https://acme.example/callback") async throws -> Site {
        var owner = Shell.owner()
        owner.environment["COUNTERSIGN_MASTER_KEY"] = key.text
        let name = Database.current.unique("acme")
        let added = try await owner.succeed("portal", "add", "acme", "--role", name, "--json").json(
            as: [String: Any].self)
        let login = TestLogin(name: name, password: try #require(added["password"] as? String))
        try await owner.succeed("type", "add", "qr-code", "--message", "en=Sign in")
        try await owner.succeed("callback", "add", "acme", callback)
        let secret = try #require(added["signing_secret"] as? String)
        let shell = Shell(url: Database.current.url(login: login)).with("COUNTERSIGN_SIGNING_SECRET", secret)
        return Site(secret: secret, callback: callback, login: login, developer: shell)
    }

    /// Once it has begun.
    private func forward(_ site: Site, to address: String) async throws -> RunningProgram {
        let program = try site.developer.start(["webhook", "forward", "--portal", "acme", address])
        try await eventually("it has begun") { program.errors.contains("until Ctrl-C") }
        return program
    }

    /// Requests that the portal has started and cancelled.
    private func end(_ site: Site, count: Int = 1) async throws -> [String] {
        var portal = try await Database.current.connect(as: site.login)
        var ids: [String] = []
        for _ in 0..<count {
            let made = try await portal.execute(
                """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri)
                VALUES ('qr-code', \(quotedLiteral(site.callback))) RETURNING transaction_id::text
                """)
            ids.append(try made[0].text(0))
            try await portal.execute("SELECT countersign.cancel_request('\(ids[ids.count - 1])')")
        }
        return ids
    }

    /// Standard Webhooks 1.0.0, put together anew here.
    private func isSigned(_ received: Receiver.Received, by secret: String) throws -> Bool {
        let key = try #require(Data(base64Encoded: String(secret.dropFirst(6))))
        let id = try #require(received.header("webhook-id"))
        let seconds = try #require(received.header("webhook-timestamp"))
        let text = "\(id).\(seconds).\(String(decoding: received.body, as: UTF8.self))"
        let mac = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: key))
        return received.header("webhook-signature") == "v1," + Data(mac).base64EncodedString()
    }

    private func ids(_ receiver: Receiver) -> [String?] { receiver.received.map { $0.header("webhook-id") } }

    @Test func `the same is sent as to the callback address, and there as ever`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { production in
            let site = try await arrange(production.address + "/cb")
            try await Receiver.run { _, _ in
                .status(500, body: "no")
            } _: { local in
                let worker = try await Shell.member(of: .worker, key: key).start([
                    "work", "--stages", "dispatch", "--allow-http", "127.0.0.0/8", "--allow-ports", "1-65535",
                ])
                let program = try await forward(site, to: local.address + "/hook?a=1")
                let id = try await end(site)[0]
                try await local.wait(for: 1)
                try await production.wait(for: 1)
                let (sent, forwarded) = (production.received[0], local.received[0])
                #expect(forwarded.body == sent.body && forwarded.path == "/hook?a=1")
                #expect(forwarded.headers.map(\.name).sorted() == sent.headers.map(\.name).sorted())
                #expect(forwarded.header("webhook-id") == id && sent.header("webhook-id") == id)
                #expect(try isSigned(forwarded, by: site.secret) && isSigned(sent, by: site.secret))
                try await eventually("a line") { program.output.hasSuffix("\n") }
                let form = try Regex("\\S+Z cancelled \(id) 500 \\d+ ms \\(a worker would send it again\\)\n")
                #expect(program.output.wholeMatch(of: form) != nil, "\(program.output)")
                program.interrupt()
                #expect(try await program.outcome().status == 128 + SIGINT)
                #expect(!program.text.contains(site.secret))
                worker.terminate()
                _ = try await worker.outcome()
            }
        }
    }

    /// While the receiver is down, and while the database is lost.
    @Test func `each comes once and in order`() async throws {
        let site = try await arrange()
        _ = try await end(site, count: 2)
        try await withIdlePort { port in
            let program = try await forward(site, to: "http://127.0.0.1:\(port)/")
            let first = try await end(site, count: 3)
            try await eventually("nobody answers") { program.errors.contains("does not answer") }
            try await Receiver.run(port: port) { _, _ in
                .status(204)
            } _: { receiver in
                try await receiver.wait(for: 3)
                var superuser = try await Database.current.connectAsSuperuser()
                try await superuser.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(site.login.name)'"
                )
                let second = try await end(site, count: 2)
                try await receiver.wait(for: 5)
                let third = try await end(site)
                try await receiver.wait(for: 6)
                #expect(ids(receiver) == first + second + third)
                try await eventually("the last line") { program.output.split(separator: "\n").count == 6 }
                let printed = program.output.split(separator: "\n").map { "\($0.split(separator: " ")[2])" }
                #expect(printed == first + second + third)
                #expect(program.errors.contains("connected again"))
                program.terminate()
                _ = try await program.outcome()
            }
        }
    }

    /// A request that was open when history went back ends under another `webhook-id`, and may have begun long before.
    @Test func `what a restore ends goes out under the id that a worker gives it`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { production in
            let site = try await arrange(production.address + "/cb")
            try await Receiver.run { _, _ in
                .status(204)
            } _: { local in
                let program = try await forward(site, to: local.address)
                var portal = try await Database.current.connect(as: site.login)
                try await portal.execute(
                    """
                    INSERT INTO countersign.auth_requests (auth_type, callback_uri)
                    VALUES ('qr-code', \(quotedLiteral(site.callback)))
                    """)
                try await Database.current.arrangeAsSuperuser(
                    """
                    SET session_replication_role = replica;
                    UPDATE countersign.auth_requests
                    SET transaction_id = countersign.uuid_floor(clock_timestamp() - interval '3 hours')
                    """)
                try await Database.current.arrange(
                    "SELECT countersign.declare_epoch(); SELECT countersign.release_epoch(true)")
                let worker = try await Shell.member(of: .worker, key: key).start([
                    "work", "--allow-http", "127.0.0.0/8", "--allow-ports", "1-65535",
                ])
                try await local.wait(for: 1)
                try await production.wait(for: 1)
                let id = try #require(local.received[0].header("webhook-id"))
                #expect(id.hasSuffix("-1") && production.received[0].header("webhook-id") == id)
                #expect(production.received[0].body == local.received[0].body)
                #expect(try isSigned(local.received[0], by: site.secret))
                program.terminate()
                worker.terminate()
                _ = try await (program.outcome(), worker.outcome())
            }
        }
    }

    @Test(arguments: [
        "https://acme.example/callback", "http://192.0.2.7:3000/", "http://10.0.0.1/", "http://0.0.0.0:3000/",
        "http://[2001:db8::1]/", "http://localhost.acme.example/", "http://127.1/", "127.0.0.1:3000",
    ])
    func `only this machine is forwarded to`(address: String) async throws {
        let shell = Shell(url: "postgres://127.0.0.1:1/nothing").with(
            "COUNTERSIGN_SIGNING_SECRET", "whsec_" + Data(count: 32).base64EncodedString())
        let outcome = try await shell.run("webhook", "forward", "--portal", "acme", address)
        #expect(outcome.status == 65 && outcome.output == "" && outcome.errors.hasPrefix("countersign: "))
    }

    @Test func `the secret is a file's or a variable's, and the login the portal's`() async throws {
        let site = try await arrange()
        let address = "http://127.0.0.1:1/"
        let bare = site.developer.with("COUNTERSIGN_SIGNING_SECRET", nil)
        let without = try await bare.run("webhook", "forward", "--portal", "acme", address)
        #expect(without.status == 64 && without.errors.contains("signing secret is missing"))
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try Data("whsec_short\n".utf8).write(to: URL(filePath: file))
        let bad = try await bare.run(
            "webhook", "forward", "--portal", "acme", address, "--secret-file", file)
        #expect(bad.status == 65 && bad.errors.contains("whsec_ and the base64"))
        #expect(!bad.text.contains("short"))
        try Data().write(to: URL(filePath: file))
        let folder = FileManager.default.temporaryDirectory.path
        let pipe = file + ".pipe"
        let isMade = unsafe mkfifo(pipe, 0o600) == 0
        #expect(isMade)
        defer { try? FileManager.default.removeItem(atPath: pipe) }
        for (path, reason) in [
            (file, "it is empty"), (folder, "it is a directory"),
            (pipe, "it is no regular file, but a pipe, a socket or a device"),
            (file + ".none", "No such file or directory"),
        ] {
            try await bare.run("webhook", "forward", "--portal", "acme", address, "--secret-file", path)
                .expect(65, "there is no secret at file:\(path): \(reason)")
        }
        try Data((site.secret + "\n").utf8).write(to: URL(filePath: file))
        let program = try bare.start([
            "webhook", "forward", "--portal", "acme", address, "--secret-file", file,
        ])
        try await eventually("it has begun") { program.errors.contains("until Ctrl-C") }
        program.terminate()
        _ = try await program.outcome()
        let other = try await site.developer.run("webhook", "forward", "--portal", "globex", address)
        #expect(other.status == 77)
        #expect(other.errors.contains("does not speak for a portal globex; it speaks for acme"))
    }
}
