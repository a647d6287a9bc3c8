import Administration
import Countersign
import Foundation
import Operations
import Postgres
import Support
import Testing

/// Each of the console's buttons and its command, in two databases that are alike: they leave the same rows and the
/// same events, and refuse the same with the same words. The command is typed from what the form sends.
@Suite(.database) struct TwinTests {
    private struct Press {
        let command: String
        let page: String
        /// What its form is about, when a page shows the form; else it is forged.
        let about: String?
        let typed: [(String, String)]
        let isRefused: Bool
        /// Of a command that is written by hand.
        let ownLine: [String]?

        init(
            _ command: String, on page: String, about: String? = nil, _ typed: [(String, String)] = [],
            isRefused: Bool = false, line: [String]? = nil
        ) {
            (self.command, self.page, self.about) = (command, page, about)
            (self.typed, self.isRefused, ownLine) = (typed, isRefused, line)
        }

        var action: any OperatorAction.Type { operatorActions.first { $0.command == command }! }

        var form: String? { about.map { $0.isEmpty ? action.name : "\(action.name)-\($0)" } }

        /// The command line that says the same.
        func line(_ fields: [(String, String)]) -> [String] {
            if let ownLine { return ownLine }
            let said = Dictionary(fields.map { ($0.0, $0.1.trimmingCharacters(in: .whitespaces)) }) { $1 }
            return command.split(separator: " ").map(String.init)
                + action.inputs.flatMap { input -> [String] in
                    var words = (said[input.name] ?? "").split(whereSeparator: \.isNewline).map(String.init)
                    if let value = said["\(input.name).value"] { words = ["\(words.first ?? "")=\(value)"] }
                    switch input.kind {
                    case .requiredOption, .option, .options: return words.flatMap { ["--\(input.name)", $0] }
                    case .argument, .arguments: return words.isEmpty ? ["default"] : words
                    }
                }
        }
    }

    /// What happens in one of the two.
    private struct Side {
        let database: Database
        let login: TestLogin
        let dead: Identifier

        /// Rows and events without times and without what is another's in each database.
        func state() async throws -> String {
            var owner = try await database.connect()
            let text = try await owner.run(everything)[0].text(0)
            return plain(text)
        }

        /// Without what has another name in each database.
        func plain(_ text: String) -> String {
            text.replacing("\(dead)", with: "<dead>").replacing(database.unique(""), with: "")
        }

        func events() async throws -> (whats: [String], actors: Set<String>) {
            var owner = try await database.connect()
            let rows = try await owner.run(changes)
            return (
                try rows.map { plain(try $0.text(0)) },
                Set(try rows.map { try $0.text(1) })
            )
        }
    }

    private static let worker = Identifier("0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f")!
    private static let nowhere = "0198c2f4-5b1e-7c3a-9f00-000000000000"

    /// In an order in which each finds what it needs.
    private static let presses: [Press] = {
        let (on, url) = ("mobile_authentication_enabled", "https://acme.example/cb?a=1&b='2'")
        let quick = [
            ("name", "quick"), ("expires-in", "60"), ("message", "en=Sign in\r\nnl-be=Meld je \"aan\"\r\n"),
        ]
        let long = [("name", "long"), ("message", "en=" + String(repeating: "x", count: 156))]
        let bob = [("name", "bob"), ("role", "admin")]
        return [
            Press(
                "operator add", on: "accounts", about: "", bob,
                line: ["operator", "add", "bob", "--role", "admin"]),
            Press(
                "operator add", on: "accounts", about: "", bob, isRefused: true,
                line: ["operator", "add", "bob", "--role", "admin"]),
            Press("operator set", on: "accounts", about: "bob", [("role", "operator")]),
            Press("operator set", on: "accounts", about: "bob", [("role", "viewer"), ("portal", "acme")]),
            Press(
                "operator set", on: "accounts", about: "bob", [("role", "admin"), ("portal", "acme")],
                isRefused: true),
            Press("operator set", on: "accounts", about: "bob", [("role", "chief")], isRefused: true),
            Press("operator set", on: "accounts", [("operator", "nosuch")], isRefused: true),
            Press("operator password", on: "accounts", about: "bob"),
            Press("operator password", on: "accounts", [("operator", "nosuch")], isRefused: true),
            Press("operator remove", on: "accounts", about: "bob"),
            Press("operator remove", on: "accounts", [("operator", "bob")], isRefused: true),
            Press("operator remove-second-factor", on: "accounts", about: "carol"),
            Press("operator remove-second-factor", on: "accounts", [("operator", "carol")]),
            Press("operator remove-second-factor", on: "accounts", [("operator", "bob")], isRefused: true),
            Press("stage pause", on: "queues", about: "issue"),
            Press("stage pause", on: "queues", [("stage", "issue")]),  // from a page of a minute ago
            Press("stage pause", on: "queues", [("stage", "nosuch")], isRefused: true),
            Press("stage resume", on: "queues", about: "issue"),
            Press("stage batch-size", on: "queues", about: "issue", [("size", " 50 ")]),
            Press("stage batch-size", on: "queues", about: "issue", [("size", "many")], isRefused: true),
            Press("stage batch-size", on: "queues", about: "issue", [("size", "1001")], isRefused: true),
            Press("stage batch-size", on: "queues", about: "issue", [("size", "")]),
            Press("worker drain", on: "workers", about: "\(worker)"),
            Press("worker drain", on: "workers", [("worker", nowhere)], isRefused: true),
            Press("worker drain", on: "workers", [("worker", "w1")], isRefused: true),
            Press("portal pause", on: "portals", about: "acme"),
            Press("portal pause", on: "portals", [("portal", "nosuch")], isRefused: true),
            Press("portal resume", on: "portals", about: "acme"),
            Press("portal disable", on: "portals", about: "acme"),
            Press("portal enable", on: "portals", about: "acme"),
            Press("portal limit", on: "portals", about: "acme", [("limit", "777")]),
            Press("portal limit", on: "portals", about: "acme", [("limit", "0")], isRefused: true),
            Press("portal limit", on: "portals", about: "acme", [("limit", "many")], isRefused: true),
            Press("portal set", on: "portals", about: "acme", [("notify-on", "denied, authenticated")]),
            Press("portal set", on: "portals", about: "acme", [("notify-on", "scanned")], isRefused: true),
            Press("portal password", on: "portals", about: "acme"),
            Press("portal password", on: "portals", [("portal", "nosuch")], isRefused: true),
            Press(
                "portal remove", on: "portals", [("portal", "acme")], isRefused: true,
                line: removal("portal acme")),
            Press("app password", on: "apps", about: "mobile"),
            Press("app password", on: "apps", [("app", "nosuch")], isRefused: true),
            Press(
                "app remove", on: "apps", [("app", "mobile")], isRefused: true, line: removal("app mobile")),
            Press("app disable", on: "apps", about: "spare"),
            Press("app remove", on: "apps", about: "spare", line: removal("app spare")),
            Press("app disable", on: "apps", about: "mobile"),
            Press("app remove", on: "apps", about: "mobile", isRefused: true, line: removal("app mobile")),
            Press("app disable", on: "apps", [("app", "nosuch")], isRefused: true),
            Press("app enable", on: "apps", about: "mobile"),
            Press(
                "app limit", on: "apps", about: "mobile",
                [("devices-per-user", "3"), ("enrollment-hold", "60")]),
            Press("app limit", on: "apps", about: "mobile", [("enrollment-hold", "0"), ("waiting", "9")]),
            Press("app limit", on: "apps", about: "mobile", [("waiting", "0")], isRefused: true),
            Press("app limit", on: "apps", about: "mobile", [("waiting", "many")], isRefused: true),
            Press("enrollment unlock", on: "enrollments", about: "\(worker)"),
            Press("enrollment unlock", on: "enrollments", [("enrollment", "\(worker)")]),
            Press("enrollment unlock", on: "enrollments", [("enrollment", nowhere)], isRefused: true),
            Press("enrollment release", on: "enrollments", about: "\(worker)"),
            Press("enrollment release", on: "enrollments", [("enrollment", "\(worker)")]),
            Press("enrollment release", on: "enrollments", [("enrollment", nowhere)], isRefused: true),
            Press("enrollment revoke", on: "enrollments", about: "\(worker)"),
            Press("enrollment revoke", on: "enrollments", about: "", [("enrollment", "\(worker)")]),
            Press(
                "enrollment revoke", on: "enrollments", about: "", [("enrollment", nowhere)], isRefused: true),
            Press("enrollment revoke", on: "enrollments", about: "", [("enrollment", "e1")], isRefused: true),
            Press(
                "user erase", on: "enrollments", about: "", [("app", "mobile"), ("user", "alice")],
                line: ["user", "erase", "mobile", "alice", "--yes"]),
            Press(
                "user erase", on: "enrollments", about: "", [("app", "mobile"), ("user", "alice")],
                isRefused: true,
                line: ["user", "erase", "mobile", "alice", "--yes"]),
            Press("key rotate", on: "apps", about: ""),
            Press("key rotate", on: "apps", about: ""),
            Press("settings set", on: "settings", about: "\(on)=false"),
            Press("settings set", on: "settings", about: "\(on)=true"),
            Press("settings set", on: "settings", [("setting", "nosuch=true")], isRefused: true),
            Press(
                "log-level set", on: "settings?subject=logs", about: "",
                [("level", "issue"), ("level.value", "debug")]),
            Press(
                "log-level set", on: "settings?subject=logs", about: "",
                [("level", "No!"), ("level.value", "debug")],
                isRefused: true),
            Press(
                "log-level set", on: "settings?subject=logs", about: "",
                [("level", "issue"), ("level.value", "loud")],
                isRefused: true),
            Press(
                "log-level set", on: "settings?subject=logs", about: "",
                [("level", "issue"), ("level.value", "default")]),
            Press("type add", on: "settings?subject=types", about: "", quick),
            Press("type add", on: "settings?subject=types", about: "", [("name", "plain")]),
            Press("type add", on: "settings?subject=types", about: "", [("name", "quick")], isRefused: true),
            Press(
                "type add", on: "settings?subject=types", about: "",
                [("name", "slow"), ("expires-in", "601")],
                isRefused: true),
            Press("type add", on: "settings?subject=types", about: "", long, isRefused: true),
            Press(
                "type set", on: "settings?subject=types", about: "quick",
                [("expires-in", "90"), ("message", "en=Enter\r\nnl-be=\r\n")]),
            Press(
                "type set", on: "settings?subject=types", about: "quick", [("expires-in", "601")],
                isRefused: true),
            Press(
                "type set", on: "settings?subject=types", [("type", "nosuch"), ("expires-in", "60")],
                isRefused: true),
            Press("type remove", on: "settings?subject=types", about: "quick"),
            Press("type remove", on: "settings?subject=types", [("type", "quick")], isRefused: true),
            Press(
                "callback add", on: "settings?subject=callbacks", about: "",
                [("portal", "acme"), ("url", url)]),
            Press(
                "callback add", on: "settings?subject=callbacks", about: "",
                [("portal", "acme"), ("url", url)],
                isRefused: true),
            Press(
                "callback add", on: "settings?subject=callbacks", about: "",
                [("portal", "acme"), ("url", "ftp://acme.example/")], isRefused: true),
            Press(
                "callback remove", on: "settings?subject=callbacks",
                about: "acme-https://acme.example/cb?a=1&amp;b=&#39;2&#39;"),
            Press(
                "callback remove", on: "settings?subject=callbacks", [("portal", "acme"), ("url", url)],
                isRefused: true),
            Press(
                "origin add", on: "settings?subject=callbacks", about: "",
                [("portal", "acme"), ("origin", "https://acme.example")]),
            Press(
                "origin add", on: "settings?subject=callbacks", about: "",
                [("portal", "acme"), ("origin", "https://acme.example")], isRefused: true),
            Press(
                "origin add", on: "settings?subject=callbacks", about: "",
                [("portal", "acme"), ("origin", "https://acme.example/")], isRefused: true),
            Press("origin remove", on: "settings?subject=callbacks", about: "acme-https://acme.example"),
            Press(
                "origin remove", on: "settings?subject=callbacks",
                [("portal", "acme"), ("origin", "https://acme.example")],
                isRefused: true),
            Press("webhook retry", on: "requests?id=<dead>", about: "<dead>"),
            Press("webhook retry", on: "webhooks", [("transaction", nowhere)], isRefused: true),
            Press("webhook replay", on: "webhooks", about: "", [("portal", "acme"), ("since", "1h")]),
            Press(
                "webhook replay", on: "webhooks", about: "", [("portal", "acme"), ("since", "yesterday")],
                isRefused: true),
            Press(
                "webhook replay", on: "webhooks", about: "", [("portal", "nosuch"), ("since", "1h")],
                isRefused: true),
            Press("portal disable", on: "portals", about: "acme"),
            Press("portal remove", on: "portals", about: "acme", line: removal("portal acme")),
            Press(
                "portal remove", on: "portals", [("portal", "acme")], isRefused: true,
                line: removal("portal acme")),
        ]
    }()

    /// The command's button asks by itself.
    private static func removal(_ thing: String) -> [String] {
        let words = thing.split(separator: " ").map(String.init)
        return [words[0], "remove", words[1], "--yes"]
    }

    /// A portal, an app with a device, a shared key, a worker, and two webhooks that died.
    private func arrange() async throws -> Side {
        _ = try await ConsolePortal.make()
        let mobile = try await Database.current.makeLogin("mobile", in: .app)
        var owner = try await Database.current.connect()
        let dead = try await owner.execute(
            """
            INSERT INTO countersign.workers (worker_id, process_id, program, host, heartbeat_at)
            VALUES ('\(Self.worker)', 1, 5, 'h', clock_timestamp() + interval '1 hour');
            UPDATE countersign.erasure_key SET key = '\\x00';
            INSERT INTO countersign.apps (name, login) VALUES ('mobile', '\(mobile.name)'), ('spare', 'spare');
            INSERT INTO countersign.enrollments (enrollment_id, app_id, status, user_id, device_id,
                                                 locked_until, held_until)
            SELECT '\(Self.worker)', app_id, 'active', 'alice', 'd1', clock_timestamp() + interval '1 hour', clock_timestamp() + interval '1 hour' FROM countersign.apps WHERE name = 'mobile';
            INSERT INTO countersign.server_keys (server_key_id, shared, fingerprint, public_key, secret_key)
            VALUES ('\(Self.worker)', true, 'AB12', '', '\\x00');
            INSERT INTO countersign.operators (name, password_hash, second_factor) VALUES ('carol', '', '\\x00');
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
            SELECT portal_id, 'qr-code', 'http://127.0.0.1:9/cb' FROM countersign.portals, generate_series(1, 2);
            SELECT countersign.end_requests(array_agg(transaction_id), array_agg('cancelled'::text)) FROM countersign.auth_requests;
            DELETE FROM countersign.dispatch_queue;
            UPDATE countersign.webhook_deliveries SET status = 'dead', attempts = 3, finished_at = clock_timestamp();
            SELECT transaction_id FROM countersign.webhook_deliveries ORDER BY transaction_id LIMIT 1
            """)[0].identifier(0)
        let login = try await Database.current.makeLogin("admin", in: .admin)
        return Side(database: .current, login: login, dead: dead)
    }

    @Test func `each button does what its command does`() async throws {
        let left = try await arrange()
        try await withOperations(Database.current.options(login: left.login)) { browser in
            let console = try await SignedIn(browser)
            // Another database beside this one, for the commands.
            try await DatabaseTrait.another {
                try await compare(console, left, try await arrange())
            }
        }
    }

    private func compare(_ console: SignedIn, _ left: Side, _ right: Side) async throws {
        #expect(try await left.state() == right.state())
        var shown: Set<String> = []
        for press in Self.presses {
            for page in [
                "queues", "workers", "portals", "apps", "webhooks", "settings", "settings?subject=types",
                "settings?subject=callbacks", "settings?subject=logs", "accounts", "enrollments",
            ] {
                let forms = try await console.page(page).matches(of: /name="action" value="([a-z-]+)"/)
                shown.formUnion(forms.map { String($0.output.1) })
            }
            try await compare(press, console, left, right)
        }
        let (ours, theirs) = (try await left.events(), try await right.events())
        #expect(ours.whats == theirs.whats)
        #expect(ours.actors == ["console:alice"] && theirs.actors == [right.login.name])
        #expect(shown == Set(operatorActions.map { $0.name }), "on the pages")
        #expect(Set(Self.presses.map(\.command)) == Set(operatorActions.map { $0.command }), "in this test")
        let left = Set(ours.whats.map { String($0.prefix { $0 != " " }) })
        let messages: Set = ["type.message_changed", "type.message_removed"]
        #expect(left.subtracting(messages) == Set(operatorActions.map { $0.event }), "each leaves its event")
    }

    private func compare(_ press: Press, _ console: SignedIn, _ left: Side, _ right: Side) async throws {
        let before = try await left.state()
        let fields = try await console.fields(
            of: press.action.name, on: press.page.replacing("<dead>", with: "\(left.dead)"),
            form: press.form?.replacing("<dead>", with: "\(left.dead)"),
            typed: press.typed + [("password", console.password)])
        let answer = try await console.browser.post("/console/act", fields + [("action", press.action.name)])
        let line = press.line(fields).map { $0.replacing("\(left.dead)", with: "\(right.dead)") }
        let what = Comment(rawValue: line.joined(separator: " "))
        let twin = try await runProgram(
            RunningProgram.executable.path, line,
            environment: ["DATABASE_URL": right.database.url(login: right.login)])
        let after = try await left.state()
        #expect(try await after == right.state(), what)
        if press.isRefused {
            #expect(answer.status == 422 && [64, 65].contains(twin.status), what)
            let sentence = try #require(twin.text.wholeMatch(of: /countersign: (.*)\n/), what)
            #expect(unescapedHTML(answer.body).contains("Not done: \(sentence.output.1).<"), what)
            #expect(after == before, what)
        } else if press.action.answersSecret {
            #expect(answer.status == 200 && twin.status == 0, what)
            let said = try #require(twin.text.split(separator: "\n").first)
            #expect(unescapedHTML(answer.body).contains("role=\"status\">\(said);"), what)
        } else {
            #expect(answer.status == 303 && twin.status == 0, "\(line): \(twin.text)")
            let notice = try await console.browser.get(try #require(answer.header("location"))).body
            let said = twin.text.split(separator: "\n").joined(separator: "; ")
            let shown = left.plain(unescapedHTML(notice))
            #expect(shown.contains("role=\"status\">\(right.plain(said))</p>"), what)
        }
    }
}

/// What actions can change.
private let everything = Statement(
    "everything",
    """
    SELECT jsonb_pretty(jsonb_build_array(
        (SELECT jsonb_agg(jsonb_build_array(stage, paused, batch_size) ORDER BY stage) FROM countersign.stage_controls),
        (SELECT jsonb_agg(jsonb_build_array(name, paused, enabled, max_open_requests)) FROM countersign.portals),
        (SELECT jsonb_agg(jsonb_build_array(name, enabled, max_devices_per_user, max_waiting, enrollment_hold)) FROM countersign.apps),
        (SELECT jsonb_agg(jsonb_build_array(name, role, portal_id, second_factor) ORDER BY name)
         FROM countersign.operators WHERE name <> 'alice'),
        (SELECT jsonb_agg(jsonb_build_array(user_id, status, reason, locked_until IS NULL, held_until IS NULL)) FROM countersign.enrollments),
        (SELECT jsonb_agg(jsonb_build_array(fingerprint, retired_at IS NOT NULL)) FROM countersign.server_keys),
        (SELECT to_jsonb(s) - 'updated_at' FROM countersign.settings s),
        (SELECT jsonb_agg(jsonb_build_array(module, level)) FROM countersign.log_levels),
        (SELECT jsonb_agg(jsonb_build_array(worker_id, drain_requested)) FROM countersign.workers),
        (SELECT jsonb_agg(to_jsonb(t) - 'created_at' - 'updated_at' ORDER BY name) FROM countersign.auth_types t),
        (SELECT jsonb_agg(to_jsonb(m) ORDER BY auth_type, language_code) FROM countersign.auth_type_messages m),
        (SELECT jsonb_agg(jsonb_build_array(url, username) ORDER BY url) FROM countersign.callback_urls),
        (SELECT jsonb_agg(origin ORDER BY origin) FROM countersign.browser_origins),
        (SELECT jsonb_agg(jsonb_build_array(status, attempts) ORDER BY transaction_id)
         FROM countersign.webhook_deliveries),
        (SELECT count(*) FROM countersign.dead_deliveries),
        (SELECT jsonb_agg(jsonb_build_array(callback_uri, attempts, leased) ORDER BY transaction_id)
         FROM countersign.dispatch_queue)))
    """)

/// Of operators, oldest first: what, and who.
private let changes = Statement(
    "changes",
    """
    SELECT e.type || ' ' || coalesce(p.name, '-') || ' ' || coalesce((e.details - 'digest')::text, '-'),
           coalesce(e.operator, e.actor)
    FROM countersign.events e LEFT JOIN countersign.portals p USING (portal_id)
    WHERE e.type NOT LIKE 'request.%' AND e.type <> 'operator.signed_in' AND e.actor <> session_user
    ORDER BY e.event_id
    """)
