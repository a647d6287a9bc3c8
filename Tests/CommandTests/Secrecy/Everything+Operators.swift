import Countersign
import Foundation
import NIOHTTP1
import Postgres
import Support
import Testing

/// Operators: the console, commands, figures.
extension Everything {
    /// Dead webhooks, sent again; new secrets and keys.
    func deliver() async throws {
        try await waitForDeliveries("dead", 1)
        let dead = try await command("webhook", "list", "--json").json(as: [[String: Any]].self)
        let id = try #require(dead.first?["transaction_id"] as? String)
        try await command("webhook", "show", id)
        try await command("webhook", "show", id, "--json")
        try await command("webhook", "list", "--status", "delivered")
        try await command("webhook", "endpoints", "--json")
        let rotated = try await Self.shown(admin, "portal", "rotate-secret", "acme")
        try Self.keepSigningSecret(of: rotated, evidence)
        try await command("portal", "signing-key", "add", "acme")
        try await command("portal", "signing-key", "show", "acme", "--json")
        try await command("webhook", "replay", "--portal", "acme", "--since", "2h")
        try await waitForDeliveries("dead", 0)
        try await command("webhook", "retry", id)
    }

    private func waitForDeliveries(_ status: String, _ count: Int) async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        let counting = Statement(
            "count", "SELECT count(*) FROM countersign.webhook_deliveries WHERE status = $1")
        try await eventually("\(count) are \(status)") {
            try await superuser.run(counting, [.text(status)])[0].int(0) == count
        }
    }

    /// In, through all pages, and out again.
    func console(_ web: Browser) async throws {
        let password = try #require(
            try await Self.shown(admin, "operator", "add", "olga", "--role", "admin")["password"])
        evidence.mustNotShow(Secret("operator's password", password))
        let mistyped = "mistyped-password-\(UUID().uuidString)"
        evidence.mustNotShow(Secret("mistyped password", mistyped))
        let own = ["sec-fetch-site": "same-origin"]
        let refused = try await web.send(
            .POST, "/console/login", own, form: ["name": "olga", "password": mistyped])
        let foreign = try await web.send(
            .POST, "/console/login", form: ["name": "olga", "password": password])
        #expect(refused.status == 401 && foreign.status == 403)
        for answer in [refused, foreign] { evidence.add("errors", answer.text) }
        let entry = try await web.send(
            .POST, "/console/login", own, form: ["name": "olga", "password": password])
        let cookie = try #require(entry.headers.first(name: "set-cookie")).prefix { $0 != ";" }
        evidence.mustNotShow(Secret("session", String(cookie.drop { $0 != "=" }.dropFirst())))
        let headers = own.merging(["cookie": String(cookie)]) { $1 }
        let first = try await web.send(.GET, "/console/queues", headers).body
        let token = String(try #require(first.firstMatch(of: /name="csrf" value="([0-9a-f]{64})"/)).output.1)
        evidence.mustNotShow(Secret("token of the forms", token))
        // A page's own forms have it, and nothing else on it.
        func withoutToken(_ text: String) -> String {
            text.replacing("name=\"csrf\" value=\"\(token)\"", with: "")
        }
        // Users, and what they have signed, are in the audit trail for administrators, as on the command line.
        for page in [
            "overview", "queues", "workers", "doctor", "portals", "apps", "requests", "webhooks",
            "events?type=portal", "settings", "settings?subject=callbacks", "accounts",
        ] {
            let answer = try await web.send(.GET, "/console/\(page)", headers)
            #expect(answer.status == 200)
            evidence.add("console", withoutToken(answer.text))
        }
        for form in [
            ["action": "portal-pause", "portal": "acme", "page": "portals"],
            ["action": "portal-resume", "portal": "acme", "page": "portals"],
            ["action": "none", "page": token],
        ] {
            let answer = try await web.send(
                .POST, "/console/act", headers, form: form.merging(["csrf": token]) { $1 })
            evidence.add("console", withoutToken(answer.text))
        }
        let forged = try await web.send(
            .POST, "/console/act", headers, form: ["action": "portal-pause", "csrf": password])
        #expect(forged.status == 403)
        evidence.add("errors", forged.text)
        _ = try await web.send(.POST, "/console/logout", headers, form: ["csrf": token])
    }

    func figures(_ web: Browser) async throws {
        evidence.add("metrics", try await web.send(.GET, "/metrics").text)
        let open = ["accept": "application/openmetrics-text; version=1.0.0"]
        evidence.add("metrics", try await web.send(.GET, "/metrics", open).text)
        evidence.add("health", try await web.send(.GET, "/healthz").text)
        evidence.add("health", try await web.send(.GET, "/readyz").text)
        evidence.add("errors", try await web.send(.GET, "/\(marks.otto)").text)
    }

    /// Everything that lists and shows, as text and as JSON.
    func list(_ transaction: Identifier) async throws {
        let forAll = [
            ["status"], ["events"], ["events", "--transaction", transaction.description],
            ["request", "show", transaction.description], ["doctor"], ["stage", "list"], ["worker", "list"],
            ["log-level", "list"], ["portal", "list"], ["app", "list"], ["type", "list"],
            ["settings", "show"],
        ]
        let forAdmins = [
            ["events", "--user", marks.walter], ["enrollment", "list"],
            ["portal", "credentials", "list", "acme"],
            ["callback", "list"], ["operator", "list"], ["webhook", "list", "--status", "delivered"],
        ]
        for arguments in forAll + forAdmins {
            for format in [[], ["--json"]] {
                let outcome = try await admin.start(arguments + format).outcome()
                #expect(outcome.output != "", "\(arguments): \(outcome.errors)")
                evidence.add("commands of an admin", outcome.text, [.secret])
            }
        }
        for arguments in forAll {
            for format in [[], ["--json"]] {
                evidence.add(
                    "commands of a monitor", try await monitor.start(arguments + format).outcome().text)
            }
        }
        let enrollments = try await command("enrollment", "list", "--json").json(as: [[String: Any]].self)
        let enrollment = try #require(enrollments.first?["enrollment_id"] as? String)
        try await command("enrollment", "show", enrollment, "--json")
        try await command("enrollment", "revoke", enrollment)
    }

    /// What is wrong with the caller's own secrets is said without them.
    func failToStart() async throws {
        let mistyped = "mistyped/\(UUID().uuidString)"
        evidence.mustNotShow(Secret("mistyped secret", mistyped))
        let url = try #require(URLComponents(string: admin.environment["DATABASE_URL"] ?? ""))
        var wrong = url
        wrong.password = mistyped
        let broken = "postgres://somebody:\(mistyped)@[::1/db"
        for (name, value, arguments) in [
            ("DATABASE_URL", wrong.string, ["status"]), ("DATABASE_URL", broken, ["status"]),
            ("DATABASE_URL", wrong.string, ["run", "--listen", "127.0.0.1:0"]),
            ("DATABASE_URL", broken, ["work", "--log-level", "trace"]),
            ("COUNTERSIGN_MASTER_KEY", "1:\(mistyped)", ["key", "reseal"]),
            ("COUNTERSIGN_MASTER_KEY", mistyped, ["work"]),
            ("COUNTERSIGN_MASTER_KEY", MasterKeyText.make(id: 1).text, ["key", "reseal"]),
            (
                "COUNTERSIGN_TOKEN", "\(mistyped) \(mistyped)",
                ["phone", "enroll", "--user", "x", "--url", "http://127.0.0.1:1"]
            ),
        ] {
            let outcome = try await admin.with(name, value).start(arguments).outcome()
            #expect(outcome.status != 0 && outcome.errors != "", "\(arguments)")
            evidence.add("errors", outcome.text)
        }
    }
}
