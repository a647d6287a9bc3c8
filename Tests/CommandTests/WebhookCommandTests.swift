import Countersign
import Foundation
import Postgres
import Support
import Testing

/// `countersign webhook`, and the secrets that webhooks are signed with, against a running `countersign work`.
@Suite(.database) struct WebhookCommandTests {
    private let key = MasterKeyText.make()

    /// A portal with that callback; who administers it.
    private func arrange(_ url: String) async throws -> (admin: Shell, secret: String) {
        var owner = Shell.owner()
        owner.environment["COUNTERSIGN_MASTER_KEY"] = key.text
        let added = try await owner.succeed(
            "portal", "add", "acme", "--role", Database.current.unique("acme"), "--no-password", "--json"
        ).json(as: [String: Any].self)
        try await owner.succeed("type", "add", "qr-code", "--message", "en=Sign in")
        try await owner.succeed("callback", "add", "acme", url)
        return (
            try await Shell.member(of: .admin, key: key), try #require(added["signing_secret"] as? String)
        )
    }

    private func startWorker() async throws -> RunningProgram {
        try await Shell.member(of: .worker, key: key).start([
            "work", "--stages", "dispatch", "--allow-http", "127.0.0.0/8", "--allow-ports", "1-65535",
        ])
    }

    /// Requests that have just been cancelled.
    private func end(_ count: Int = 1) async throws -> [Identifier] {
        var owner = try await Database.current.connect()
        return try await owner.execute(
            """
            WITH made AS (
                INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
                SELECT p.portal_id, 'qr-code', c.url
                FROM countersign.portals p JOIN countersign.callback_urls c USING (portal_id),
                     generate_series(1, \(count)) RETURNING transaction_id
            )
            SELECT transaction_id FROM made
            """
        ).compactMap { Identifier(try $0.text(0)) }.ended()
    }

    private func stop(_ worker: RunningProgram) async throws {
        worker.terminate()
        _ = try await worker.outcome()
    }

    /// What receivers' own libraries say of it.
    private func judge(
        _ received: Receiver.Received, secrets: [String], publicKey: String? = nil
    ) async throws -> [String: Any] {
        let headers = Dictionary(received.headers.map { ($0.name, $0.value) }) { first, _ in first }
        let input: [String: Any] = [
            "headers": headers, "body": String(decoding: received.body, as: UTF8.self), "secrets": secrets,
            "public_key": publicKey ?? NSNull(),
        ]
        let line = String(decoding: try JSONSerialization.data(withJSONObject: input), as: UTF8.self)
        let output = try await Python.run("judge.py", input: line + "\n")
        return try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
    }

    /// The reference library of Standard Webhooks and Svix's accept both secrets during a rotation, and only the new
    /// one after it; an independent ed25519 verifies `v1a`.
    @Test func `signatures are those that receivers expect`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let (admin, old) = try await arrange(receiver.address + "/cb")
            let worker = try await startWorker()
            _ = try await end()
            try await receiver.wait(for: 1)
            var verdict = try await judge(receiver.received[0], secrets: [old])
            #expect(verdict["standardwebhooks"] as? [Bool] == [true] && verdict["svix"] as? [Bool] == [true])
            #expect(verdict["forged"] as? Bool == false && verdict["ed25519"] as? Bool == false)

            let rotated = try await admin.succeed(
                "portal", "rotate-secret", "acme", "--overlap", "1h", "--json"
            )
            .json(as: [String: Any].self)
            let new = try #require(rotated["signing_secret"] as? String)
            let again = try await admin.run("portal", "rotate-secret", "acme")
            #expect(again.status == 65 && again.errors.contains("receivers may still use it"))
            let added = try await admin.succeed("portal", "signing-key", "add", "acme", "--json")
                .json(as: [String: Any].self)
            let publicKey = try #require(added["public_key"] as? String)
            #expect(new.hasPrefix("whsec_") && new != old && publicKey.hasPrefix("whpk_"))
            try await admin.run("portal", "signing-key", "add", "acme").expect(
                65, "portal acme has a signing key already: show it, or remove it first")
            #expect(
                try await admin.succeed("portal", "signing-key", "show", "acme").output.contains(publicKey))
            _ = try await end()
            try await receiver.wait(for: 2)
            verdict = try await judge(receiver.received[1], secrets: [new, old], publicKey: publicKey)
            #expect(verdict["standardwebhooks"] as? [Bool] == [true, true])
            #expect(verdict["svix"] as? [Bool] == [true, true] && verdict["ed25519"] as? Bool == true)

            try await passOverlap()
            try await admin.succeed("portal", "signing-key", "remove", "acme")
            _ = try await end()
            try await receiver.wait(for: 3)
            verdict = try await judge(receiver.received[2], secrets: [new, old], publicKey: publicKey)
            #expect(verdict["standardwebhooks"] as? [Bool] == [true, false])
            #expect(verdict["svix"] as? [Bool] == [true, false] && verdict["ed25519"] as? Bool == false)
            worker.terminate()
            let outcome = try await worker.outcome()
            for secret in [old, new] { #expect(!outcome.text.contains(secret.dropFirst(6))) }
        }
    }

    private func passOverlap() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute("UPDATE countersign.portals SET previous_secret_until = clock_timestamp()")
    }

    @Test func `dead deliveries are listed shown and sent again`() async throws {
        try await Receiver.run { index, _ in
            index < 3 ? .status(410, body: "gone for good") : .status(204)
        } _: { receiver in
            let (admin, _) = try await arrange(receiver.address)
            let monitor = try await Shell.member(of: .monitor)
            #expect(try await monitor.succeed("webhook", "list").output == "There are no dead deliveries.\n")
            let worker = try await startWorker()
            let ids = try await end(3)
            try await eventually("all are dead") { try await dead(monitor).count == 3 }
            #expect(try await dead(monitor, "--portal", "acme", "--since", "1h").count == 3)
            #expect(try await dead(monitor, "--since", "2065-01-01T00:00:00Z").isEmpty)
            let shown = try await monitor.succeed("webhook", "show", "\(ids[0])").output
            #expect(shown.contains("410") && shown.contains("dead") && !shown.contains("gone for good"))
            #expect(try await admin.succeed("webhook", "show", "\(ids[0])").output.contains("gone for good"))

            #expect(try await admin.succeed("webhook", "retry", "\(ids[0])").output == "sending \(ids[0])\n")
            try await receiver.wait(for: 4)
            let replayed = try await admin.succeed("webhook", "replay", "--portal", "acme", "--since", "1h")
            #expect(replayed.output == "sending 2 deliveries of portal acme again\n")
            try await receiver.wait(for: 6)
            let sent = receiver.received.map { $0.header("webhook-id") ?? "" }
            #expect(Set(sent.suffix(3)) == Set(ids.map { "\($0)" }))
            try await eventually("all are delivered") {
                try await monitor.succeed("webhook", "list", "--status", "delivered", "--json")
                    .json(as: [[String: Any]].self).count == 3
            }
            #expect(try await dead(monitor).isEmpty)
            let life = try await monitor.succeed("webhook", "show", "\(ids[0])", "--json").json(
                as: [String: Any].self)
            let tries = try #require(life["tries"] as? [[String: Any]])
            #expect(tries.map { $0["attempt"] as? Int } == [1, 2])
            #expect(tries.map { $0["status_code"] as? Int } == [410, 204])
            try await stop(worker)
        }
    }

    private func dead(_ shell: Shell, _ arguments: String...) async throws -> [[String: Any]] {
        let outcome = try await shell.start(["webhook", "list", "--json"] + arguments).outcome()
        try #require(outcome.status == 0, "\(outcome.text)")
        return try outcome.json(as: [[String: Any]].self)
    }

    @Test func `bad input is refused`() async throws {
        let (admin, _) = try await arrange("https://acme.example/cb")
        let id = Identifier.random()
        try await admin.run("webhook", "show", "\(id)").expect(
            65,
            "there is no delivery \(id); one is made when a request ends and kept for 30 days, and "
                + "`countersign webhook list` shows them")
        try await admin.run("webhook", "list", "--since", "yesterday").expect(
            64,
            "--since must be a number and s, m, h or d, as 15m, a day, as 2026-01-31, or RFC 3339, as 2026-01-31T12:00:00Z, not 'yesterday'"
        )
        for receiver in ["https://acme.example/", "https://acme.example/callback", "acme.example", ""] {
            try await admin.run(
                "webhook", "replay", "--portal", "acme", "--since", "1h", "--receiver", receiver
            ).expect(64, "--receiver must be scheme, host and port alone, as https://acme.example:8443")
        }
        try await admin.run("webhook", "replay", "--portal", "acm", "--since", "1h").expect(
            65, "there is no portal acm; there is acme")
        try await admin.run("portal", "rotate-secret", "acme", "--overlap", "31d").expect(
            64, "--overlap must be a number and s, m, h or d, at most 30d, not '31d'")
        try await admin.run("webhook", "limit", "acme", "--concurrency", "0").expect(
            64, "--concurrency must lie between 1 and 100, not 0")
        #expect(
            try await admin.succeed("webhook", "limit", "acme", "--concurrency", "4", "--rate", "50").output
                == "each worker sends portal acme's receivers 4 webhooks at a time, at most 50 a second\n")
        #expect(try await admin.succeed("webhook", "endpoints").output == "No breaker has opened yet.\n")
        for (flag, value) in [
            ("--allow-http", "127.0.0.1/8"), ("--allow-address", "10.0.0.1/8"), ("--allow-ports", "0"),
        ] {
            let outcome = try await admin.run("work", flag, value)
            #expect(outcome.status == 64 && outcome.errors.contains("\(flag): '\(value)' is no "))
        }
        #expect(try await admin.run("work", "--trust-roots", "/dev/null").status == 78)
    }
}

extension [Identifier] {
    /// Cancels them.
    fileprivate func ended() async throws -> [Identifier] {
        var owner = try await Database.current.connect()
        try await owner.run(
            Statement(
                "end",
                "SELECT countersign.end_requests($1, array_fill('cancelled'::text, ARRAY[cardinality($1)]))"),
            [.identifiers(self)])
        return self
    }
}
