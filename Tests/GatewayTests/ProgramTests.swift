import Administration
import Countersign
import Foundation
import Postgres
import Support
import Testing

/// `countersign serve` and `countersign run`, as operators start them.
@Suite(.database) struct ProgramTests {
    private let key = MasterKey.generate(id: 1)

    private func environment(_ login: TestLogin) -> [String: String] {
        ["DATABASE_URL": Database.current.url(login: login), "COUNTERSIGN_MASTER_KEY": key]
    }

    @Test func `run is a worker and a server in one, and ends well`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let login = try await Database.current.makeLogin("both", in: .worker, .gateway)
        try await sealSecrets()
        let program = try RunningProgram(
            [
                "run", "--listen", "127.0.0.1:0", "--stages", "enroll,issue,validate,expire,housekeep",
                "--log-level", "debug",
            ] + issuer.arguments(app: site.app), environment: environment(login))
        let http = RawHTTP(port: try await program.port())
        let phone = try HTTPPhone(http: http, token: try issuer.token())
        let enrollment = try await phone.enrolled()
        let (transaction, otp) = try await startSignIn(site, http)
        #expect(try await phone.submit(enrollment, otp, .accept).status == 200)
        #expect(try await signInResult(site, http, transaction)["user_id"] as? String == "alice")
        let terminal = try TerminalPhone(http, token: try issuer.token("bob"), by: .variable)
        defer { terminal.remove() }
        let enrolled = try await terminal.run("enroll", "--user", "bob")
        #expect(enrolled.status == 0 && enrolled.output.hasPrefix("enrolled bob on phone: "), "\(enrolled)")
        let another = try await terminal.run("enroll", "--user", "alice")
        #expect(
            another.status == 65
                && another.text.contains("wrong_user: user_id is not the user of the token"))
        #expect(try await program.stop() == 0)
        let output = program.text
        #expect(output.contains("route=/oauth/api/v4/authenticate/user"))
        #expect(output.contains(" info worker: worker ended worker="))
        for secret in [otp, String(otp.suffix(43)), site.credential.secret, phone.token, "alice"] {
            #expect(!output.contains(secret))
        }
    }

    /// A worker looks whether its key opens what the database holds.
    private func sealSecrets() async throws {
        let sealer = Sealer(try MasterKeys(key))
        var owner = try await Database.current.connect()
        let id = try await owner.execute("SELECT portal_id FROM countersign.portals")[0].int(0)
        let sealed = try sealer.seal(
            Array(repeating: 7, count: 32), at: SealedColumn.signingSecret.place(id))
        try await owner.run(
            Statement("secret", "UPDATE countersign.portals SET signing_secret = $1"), [.bytes(sealed)])
    }

    @Test func `serve speaks TLS with the files it is given`() async throws {
        let site = try await GatewaySite.make()
        let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (certificate, key) = (
            folder.appending(path: "cert.pem").path, folder.appending(path: "key.pem").path
        )
        let made = try await runProgram(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "1",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                certificate,
            ])
        try #require(made.status == 0)
        let program = try RunningProgram(
            ["serve", "--listen", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key],
            environment: environment(site.gateway))
        let port = try await program.port()
        let answer = try await runProgram(
            "/usr/bin/curl", ["-s", "--cacert", certificate, "https://127.0.0.1:\(port)/openapi.json"])
        #expect(answer.status == 0 && answer.output.hasPrefix("{"))
        #expect(try await program.stop() == 0)
    }

    @Test(arguments: [
        ["--listen", "nowhere"], ["--listen", "127.0.0.1:99999"], ["--pool-size", "0"], ["--max-body", "1"],
        ["--tls-certificate", "x.pem"], ["--jwks", "x.json"], ["--trusted-proxies", "proxy"],
        ["--link-template", "acme://no-code"],
        ["--jwks", "http://keys.example/", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-app", "m"],
        [
            "--jwks", "https://keys.example/", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-app", "m",
            "--jwt-algorithms", "ES256,HS256",
        ],
        [
            "--jwks", "https://keys.example/", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-app", "m",
            "--jwt-longest-life", "31d",
        ],
        [
            "--jwks", "https://keys.example/", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-app", "m",
            "--jwt-scope", "sign\"in",
        ],
    ])
    func `a setting that cannot be is named`(arguments: [String]) async throws {
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        let program = try RunningProgram(["serve"] + arguments, environment: environment(login))
        #expect(try await program.outcome().status == 64)
        #expect(program.text.hasPrefix("countersign: --"))
        #expect(program.text.split(separator: "\n").count == 1)
    }

    /// Found out at the start, and not by the first user.
    @Test func `what is named and not there`() async throws {
        let site = try await GatewaySite.make()
        let issuer = try TokenIssuer()
        let demo = ["--demo", "--demo-portal", site.portal, "--demo-type", "otp", "--demo-callback"]
        let here = GatewaySite.callback
        let tokens = [
            "--jwks", issuer.file.path, "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-app", "mobil",
        ]
        for (arguments, flag) in [
            (["--demo"], "--demo-portal: there is no portal demo;"),
            (tokens, "--jwt-app: there is no app mobil;"),
            (demo + ["https://other.example/"], "--demo-callback: https://other.example/ is not one"),
            (demo + [here, "--demo-type", "opt"], "--demo-type: there is no authentication type opt;"),
            (demo + [here, "--demo-type", "bare"], "--demo-type: bare has no message;"),
        ] {
            let program = try RunningProgram(
                ["serve", "--listen", "127.0.0.1:0"] + arguments, environment: environment(site.gateway))
            #expect(try await program.outcome().status == 78, "\(flag)")
            #expect(program.text.hasPrefix("countersign: \(flag)"), "\(program.text)")
        }
        var owner = try await Database.current.connect()
        #expect(try await owner.execute("SELECT FROM countersign.auth_requests").isEmpty, "only tried")
        let program = try RunningProgram(
            ["serve", "--listen", "127.0.0.1:0"] + demo + [here], environment: environment(site.gateway))
        _ = try await program.port()
        #expect(try await program.stop() == 0)
    }

    @Test func `files that are not what they should be`() async throws {
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        for arguments in [
            ["--tls-certificate", "/nothing.pem", "--tls-key", "/nothing.pem"],
            ["--jwks", "/nothing.json", "--jwt-issuer", "i", "--jwt-audience", "a", "--jwt-app", "m"],
        ] {
            let program = try RunningProgram(["serve"] + arguments, environment: environment(login))
            #expect(try await program.outcome().status == 78)
        }
    }

    /// It would answer every client with an error, and say that it is ready.
    @Test(arguments: ["serve", "run"])
    func `a login that may not stand in for portals is refused at once`(command: String) async throws {
        let login = try await Database.current.makeLogin("alone", in: .worker)
        let program = try RunningProgram(
            [command, "--listen", "127.0.0.1:0"], environment: environment(login))
        #expect(try await program.outcome().status == 77)
        #expect(
            program.text == "countersign: this needs a login that is a member of countersign_gateway\n")
    }

    /// As when both are units with the same settings: both work, and one after the other is asked.
    @Test func `a worker waits for an operations address that is in use`() async throws {
        let login = try await Database.current.makeLogin("worker", in: .worker)
        func start(_ port: String) throws -> RunningProgram {
            try RunningProgram(
                ["work", "--operations-listen", "127.0.0.1:\(port)"], environment: environment(login))
        }
        let listens = /operations listens .*port=(?<port>\d+)/
        let first = try start("0")
        let port = String(try await first.line(matching: listens).port)
        let second = try start(port)
        _ = try await second.line(matching: /warning .*the operations address is in use.* address=127/)
        _ = try await second.line(matching: /worker starts/)
        #expect(try await first.stop() == 0)
        #expect(try await second.line(matching: listens).port == port)
        #expect(second.text.ranges(of: "in use").count == 1)
        let third = try start(port)
        _ = try await third.line(matching: /warning .*the operations address is in use/)
        #expect(try await third.stop() == 0, "it ends while it waits")
        #expect(try await second.stop() == 0)
    }

    @Test(arguments: [
        ["serve", "--listen"], ["run", "--listen"],
        ["run", "--listen", "127.0.0.1:0", "--operations-listen"],
    ])
    func `a taken port is one line that names it`(command: [String]) async throws {
        let login = try await Database.current.makeLogin("both", in: .worker, .gateway)
        let first = try RunningProgram(["serve", "--listen", "127.0.0.1:0"], environment: environment(login))
        let place = "127.0.0.1:\(try await first.port())"
        let second = try RunningProgram(command + [place], environment: environment(login))
        #expect(try await second.outcome().status == 75)
        #expect(
            second.text == "countersign: cannot listen on \(place): the port is in use; stop who uses it, "
                + "or change \(command[command.count - 1])\n")
        #expect(try await first.stop() == 0)
    }

    @Test func `a place where nobody can listen is one line that names it`() async throws {
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        for (place, why) in [
            ("203.0.113.9:28999", "that is no address of this machine"),
            ("nowhere.invalid:28999", "there is no such host"),
        ] {
            let program = try RunningProgram(["serve", "--listen", place], environment: environment(login))
            #expect(try await program.outcome().status == 78)
            #expect(program.text == "countersign: cannot listen on \(place): \(why); change --listen\n")
        }
        // Each is free until the other takes it.
        try await withIdlePort { port in
            let twice = try RunningProgram(
                ["serve", "--listen", "127.0.0.1:\(port)", "--operations-listen", "127.0.0.1:\(port)"],
                environment: environment(login))
            #expect(try await twice.outcome().status == 75)
            #expect(twice.text.contains("countersign: cannot listen: an address was taken meanwhile"))
        }
    }

    @Test func `a server drains when the schema is no longer one that it fits`() async throws {
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        let program = try RunningProgram(
            ["serve", "--listen", "127.0.0.1:0"], environment: environment(login))
        _ = try await program.port()
        try await Database.current.arrange(
            """
            INSERT INTO countersign.schema_migrations (version, name, checksum, minimum_binary, duration_ms)
            VALUES (9999, '9999_later.sql', '', 9999, 1)
            """)
        #expect(try await program.outcome().status == 0)
        #expect(program.text.contains("the schema does not fit"))
    }
}
