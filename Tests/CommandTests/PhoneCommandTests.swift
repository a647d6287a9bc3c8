import Countersign
import Foundation
import Postgres
import Support
import Testing

/// A phone in the terminal does whole sign-ins, with the real program and real keys.
@Suite(.database) struct PhoneCommandTests {
    struct Scene {
        let phone: Shell
        let admin: Shell
        let monitor: Shell
        let sealer: Sealer
        let keys: String
        let folder: URL
        let portal: TestLogin

        static func make() async throws -> Scene {
            let key = MasterKeyText.make()
            let admin = try await Shell.member(of: .admin, key: key)
            let folder = FileManager.default.temporaryDirectory.appending(path: "phone-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            let app = try await Database.current.makeLogin("mobile")
            let portal = try await Database.current.makeLogin("acme")
            try await admin.succeed("app", "add", "mobile", "--role", app.name)
            try await admin.succeed("portal", "add", "acme", "--role", portal.name)
            try await admin.succeed("callback", "add", "acme", "https://acme.example/cb")
            try await admin.succeed("type", "add", "qr-code", "--message", "en=Sign in")
            return Scene(
                phone: Shell(url: Database.current.url(login: app)), admin: admin,
                monitor: try await Shell.member(of: .monitor), sealer: try key.sealer(),
                keys: folder.appending(path: "phone.json").path, folder: folder, portal: portal)
        }

        func remove() { try? FileManager.default.removeItem(at: folder) }

        /// A request that is issued, and its code.
        func issued(secret: String? = nil) async throws -> (transaction: String, code: String) {
            var portal = try await Database.current.connect(as: portal)
            let insert = Statement(
                "insert",
                """
                INSERT INTO countersign.auth_requests (auth_type, callback_uri, secure_message)
                VALUES ('qr-code', 'https://acme.example/cb', $1) RETURNING transaction_id
                """)
            let id = try await portal.run(insert, [Parameter(secret)])[0].identifier(0)
            let wait = Statement("await", "SELECT countersign.await_otp($1, '10 s')")
            return (id.description, try await portal.run(wait, [.identifier(id)])[0].text(0))
        }

        func result(_ transaction: String) async throws -> [String?] {
            var portal = try await Database.current.connect(as: portal)
            let row = try await portal.execute(
                """
                SELECT status::text, user_id, signature_verified::text FROM countersign.auth_results
                WHERE transaction_id = '\(transaction)'
                """)[0]
            return [try row.text(0), try row.optionalText(1), try row.optionalText(2)]
        }
    }

    @Test func `enroll, scan, accept and deny, and what operators see of it`() async throws {
        let scene = try await Scene.make()
        defer { scene.remove() }
        let (phone, keys) = (scene.phone, scene.keys)
        try await withWorker(sealer: scene.sealer) { _ in
            let enrolled = try await phone.succeed("phone", "enroll", "--user", "alice", "--keys", keys)
            #expect(enrolled.output.contains("enrolled alice on phone: "))
            let mode = try FileManager.default.attributesOfItem(atPath: keys)[.posixPermissions] as? NSNumber
            #expect(mode?.intValue == 0o600)

            let first = try await scene.issued(secret: "Pay 500 €")
            let shown = try await phone.succeed("phone", "scan", first.code, "--keys", keys).output
            #expect(shown == "acme\nSign in\nSecure message, signed by the server:\nPay 500 €\n")
            #expect(try await scene.result(first.transaction)[0] == "scanned")
            #expect(try await phone.succeed("phone", "accept", "--keys", keys).output == "accepted\n")
            #expect(try await scene.result(first.transaction) == ["authenticated", "alice", "true"])
            try await phone.run("phone", "accept", first.code, "--keys", keys)
                .expect(65, "accept was rejected: already_used")

            let second = try await scene.issued()
            let image = scene.folder.appending(path: "code.png").path
            try await makeQRCode("acme://sign-in?otp=\(second.code)", image)
            #expect(
                try await phone.succeed("phone", "scan", image, "--keys", keys).output == "acme\nSign in\n")
            #expect(try await phone.succeed("phone", "deny", "--keys", keys).output == "denied\n")
            #expect(try await scene.result(second.transaction) == ["denied", "alice", nil])

            try await operate(scene, first.transaction)
        }
    }

    private func operate(_ scene: Scene, _ transaction: String) async throws {
        let listed = try await scene.admin.succeed("enrollment", "list", "--user", "alice", "--json")
            .json(as: [[String: Any]].self)
        let id = try #require(listed.first?["enrollment_id"] as? String)
        #expect(listed.count == 1 && listed[0]["status"] as? String == "active")
        let shown = try await scene.admin.succeed("enrollment", "show", id).output
        #expect(shown.contains("server key fingerprint") && shown.contains("alice"))

        let types = try await scene.monitor.succeed("events", "--transaction", transaction, "--json")
            .json(as: [[String: Any]].self)
        #expect(
            types.map { $0["type"] as? String } == [
                "submission.rejected", "request.authenticated", "request.scanned", "request.started",
            ])
        #expect(types.allSatisfy { $0["user_id"] == nil && $0["details"] == nil })
        let own = try await scene.admin.succeed(
            "events", "--user", "alice", "--type", "request.authenticated,enrollment", "--since", "15m",
            "--json"
        ).json(as: [[String: Any]].self)
        #expect(own.map { $0["type"] as? String } == ["request.authenticated", "enrollment.active"])
        let evidence = (own.first?["details"] as? [String: Any])?["evidence"] as? [String: Any]
        #expect(
            (evidence?["signed"] as? String)?.hasPrefix("countersign-v1\naccept\n\(transaction)\n") == true)
        #expect(!(try await scene.admin.succeed("events", "--user", "alice").output.contains("BEGIN PGP")))

        let gateway = try await Database.current.makeLogin("gate", in: .gateway, .worker)
        try await Shell(url: Database.current.url(login: gateway)).run("enrollment", "revoke", id)
            .expect(77, "this needs a login that is a member of countersign_admin")
        #expect(
            try await scene.admin.succeed("enrollment", "revoke", id).output
                == "enrollment \(id) is revoked\n")
        #expect(
            try await scene.admin.succeed("enrollment", "revoke", id).output
                == "enrollment \(id) is revoked already\n")
        let late = try await scene.issued()
        try await scene.phone.run("phone", "scan", late.code, "--keys", scene.keys)
            .expect(65, "scan was rejected: enrollment_revoked")
    }

    private func makeQRCode(_ text: String, _ path: String) async throws {
        try #require(try await runProgram("qrencode", ["-o", path, text]).status == 0)
    }

    @Test func `an older phone confirms a further one`() async throws {
        let scene = try await Scene.make()
        defer { scene.remove() }
        try await scene.admin.succeed("app", "limit", "mobile", "--enrollment-hold", "3600")
        let tablet = scene.folder.appending(path: "tablet.json").path
        try await withWorker(sealer: scene.sealer) { _ in
            func phone(_ arguments: String..., keys: String) async throws -> Outcome {
                try await scene.phone.start(["phone"] + arguments + ["--keys", keys]).outcome()
            }
            let first = try await phone("enroll", "--user", "alice", keys: scene.keys)
            #expect(!first.output.contains("held"))
            let held = try await phone(
                "enroll", "--user", "alice", "--device", "tablet", "--name", "Red", keys: tablet)
            let told = "held        an older device lets it answer: countersign phone confirm "
            let confirmation = try #require(
                held.output.split(separator: "\n").last { $0.hasPrefix(told) }?.dropFirst(told.count))
            let listed = try await phone("devices", "--json", keys: scene.keys).json(as: [[String: Any]].self)
            #expect(listed.map { $0["device_id"] as? String } == ["tablet", "phone"])
            #expect(listed.map { $0["confirmation"] as? String } == [String(confirmation), nil])
            #expect(listed[0]["name"] as? String == "Red" && listed[0]["held_until"] is String)
            let code = try await scene.issued().code
            try await phone("scan", code, keys: tablet).expect(65, "scan was rejected: enrollment_held")
            try await phone("confirm", String(confirmation), keys: tablet)
                .expect(65, "confirm was rejected: enrollment_held")
            #expect(
                try await phone("confirm", String(confirmation), keys: scene.keys).output == "confirmed\n")
            #expect(try await phone("scan", code, keys: tablet).status == 0)
            let later = try await phone("devices", "--json", keys: tablet).json(as: [[String: Any]].self)
            #expect(later.allSatisfy { !($0["confirmation"] is String) })
        }
    }

    @Test func `what a phone cannot do is one line`() async throws {
        let scene = try await Scene.make()
        defer { scene.remove() }
        let (phone, keys) = (scene.phone, scene.keys)
        let code = String(repeating: "A", count: 64)
        try await phone.run("phone", "scan", code, "--keys", keys)
            .expect(78, "there is no phone at \(keys): make one with `countersign phone enroll`")
        try await phone.run("phone", "scan", "acme://sign-in?otp=short", "--keys", keys)
            .expect(
                65, "there is no code: it has 64 characters of A-Z, a-z, 0-9, - and _, alone or in a link")
        try await phone.run("phone", "scan", "\(keys).png", "--keys", keys).expect(
            65, "there is no file \(keys).png")
        try Data("{}".utf8).write(to: URL(filePath: keys))
        try await phone.run("phone", "accept", "--keys", keys)
            .expect(78, "\(keys) holds secret keys and others may read it: chmod 600 it")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: keys)
        try await phone.run("phone", "accept", "--keys", keys)
            .expect(78, "\(keys) is not a phone's file, or cannot be read")
        let image = scene.folder.appending(path: "code.png").path
        try await makeQRCode(code, image)
        try await phone.with("PATH", scene.folder.path).run("phone", "scan", image, "--keys", keys)
            .expect(78, "reading a QR code needs zbarimg: apt-get install zbar-tools")
        try await scene.admin.run("phone", "enroll", "--user", "a", "--keys", keys)
            .expect(
                77,
                "permission denied for function app_channel: this needs a login that is a member of countersign_app"
            )
    }

    @Test func `over HTTP, what is wrong with the server or the token`() async throws {
        let phone = Shell(url: "postgres://127.0.0.1:1/nothing")
        let local = "http://127.0.0.1:1"
        func enroll(_ shell: Shell, _ options: String...) async throws -> Outcome {
            try await shell.start(["phone", "enroll", "--user", "alice"] + options).outcome()
        }
        let address =
            "--url must be like https://sign-in.example, or like http://127.0.0.1:8080 on this machine"
        for url in [
            "http://sign-in.example", "ftp://127.0.0.1", "127.0.0.1:8080", "https://me:hush@x.example",
        ] {
            try await enroll(phone, "--url", url, "--token", "hush").expect(64, address)
        }
        try await enroll(phone, "--url", local).expect(
            64, "--url needs the user's access token: COUNTERSIGN_TOKEN, --token-file or --token")
        try await enroll(phone, "--token", "hush").expect(
            64, "--token and --token-file need --url, the server that they are for")
        try await enroll(phone, "--url", local, "--token", "hush", "--token-file", "/nothing").expect(
            64, "--token and --token-file exclude each other")
        try await enroll(phone, "--url", local, "--database-url", "postgres://127.0.0.1:1/x").expect(
            64, "--database-url goes without --url, --token and --token-file")
        try await enroll(phone, "--url", local, "--token-file", "/nothing").expect(
            78, "--token-file: /nothing cannot be read")
        try await enroll(phone.with("COUNTERSIGN_TOKEN", "hush hush").with("COUNTERSIGN_URL", local)).expect(
            78, "the access token may hold letters, digits and -._~+/= only")
        let away = try await enroll(phone.with("COUNTERSIGN_TOKEN", "hush"), "--url", local)
        #expect(away.status == 69 && away.errors.hasPrefix("countersign: cannot reach \(local): "))
        #expect(away.errors.count { $0 == "\n" } == 1 && !away.errors.contains("hush"))
    }

    @Test func `rotating the shared key`() async throws {
        let scene = try await Scene.make()
        defer { scene.remove() }
        #expect(
            try await scene.admin.succeed("key", "rotate").output
                == "there is no shared key pair: the next enrollment that shares one makes it\n")
        try await scene.admin.succeed("settings", "set", "unique_pgp_keys_per_enrollment=off")
        _ = try await withWorker(stages: [.enroll], sealer: scene.sealer) { _ -> Outcome in
            try await scene.phone.succeed("phone", "enroll", "--user", "alice", "--keys", scene.keys)
        }
        let outcome = try await scene.admin.succeed("key", "rotate").output
        #expect(outcome.contains("is retired") && outcome.contains("1 active enrollment goes on"))
        let types = try await eventTypes()
        #expect(types.contains("key.created") && types.contains("key.rotated"))
    }

    @Test func `searching events with what they cannot mean`() async throws {
        let shell = try await Shell.member(of: .monitor)
        try await shell.run("events", "--user", "alice").expect(
            77,
            "--user needs a login that is a member of countersign_admin: countersign_monitor sees no users")
        try await shell.run("events", "--since", "yesterday").expect(
            64,
            "--since must be a number and s, m, h or d, as 15m, a day, as 2026-01-31, or RFC 3339, as 2026-01-31T12:00:00Z, not 'yesterday'"
        )
        #expect(try await shell.run("events", "--since", "2026-02-31T08:00:00Z").status == 64)
        let wrong = try await shell.run("events", "--type", "request.scanned,nope")
        #expect(wrong.status == 64)
        #expect(wrong.errors.contains("there is no event type 'nope'; there is request.started"))
        try await shell.succeed("events", "--type", "request.scanned, submission")
        try await shell.run("events", "--limit", "0").expect(
            64, "--limit must lie between 1 and 100000, not 0")
        #expect(
            try await shell.succeed("events", "--since", "2026-01-31T08:00:00Z", "--json").output == "[]\n")
        #expect(try await shell.succeed("events").output == "There are no such events.\n")
    }
}
