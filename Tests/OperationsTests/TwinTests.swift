import Countersign
import Foundation
import Operations
import Postgres
import Support
import Testing

/// Each of the console's buttons and its command, in two databases that are alike: they leave the same rows and the
/// same events, and refuse the same with the same words.
@Suite(.database) struct TwinTests {
    private struct Press {
        let button: ConsoleButton
        let page: String
        /// The form's id, when a page shows it.
        var form: String?
        var typed: [(String, String)] = []
        let command: [String]
        var isRefused = false
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
            return text.replacing("\(dead)", with: "<dead>")
        }

        func events() async throws -> (whats: [String], actors: Set<String>) {
            var owner = try await database.connect()
            let rows = try await owner.run(changes)
            return (
                try rows.map { try $0.text(0).replacing("\(dead)", with: "<dead>") },
                Set(try rows.map { try $0.text(1) })
            )
        }
    }

    private static let worker = Identifier("0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f")!
    private static let nowhere = "0198c2f4-5b1e-7c3a-9f00-000000000000"

    /// In an order in which each finds what it needs. What is refused is typed by hand, or forged.
    private func presses(_ dead: Identifier) -> [Press] {
        let (on, url) = ("mobile_authentication_enabled", "https://acme.example/cb?a=1&b='2'")
        return [
            Press(
                button: .pauseStage, page: "queues", form: "pause-stage-issue",
                command: ["stage", "pause", "issue"]),
            Press(
                button: .pauseStage, page: "queues", typed: [("name", "issue")],
                command: ["stage", "pause", "issue"]),  // from a page of a minute ago
            Press(
                button: .pauseStage, page: "queues", typed: [("name", "nosuch")],
                command: ["stage", "pause", "nosuch"], isRefused: true),
            Press(
                button: .resumeStage, page: "queues", form: "resume-stage-issue",
                command: ["stage", "resume", "issue"]),
            Press(
                button: .batchSize, page: "queues", form: "batch-size-issue", typed: [("value", " 50 ")],
                command: ["stage", "batch-size", "issue", "50"]),
            Press(
                button: .batchSize, page: "queues", form: "batch-size-issue", typed: [("value", "many")],
                command: ["stage", "batch-size", "issue", "many"], isRefused: true),
            Press(
                button: .batchSize, page: "queues", form: "batch-size-issue", typed: [("value", "1001")],
                command: ["stage", "batch-size", "issue", "1001"], isRefused: true),
            Press(
                button: .batchSize, page: "queues", form: "batch-size-issue", typed: [("value", "")],
                command: ["stage", "batch-size", "issue", "default"]),
            Press(
                button: .drainWorker, page: "queues", form: "drain-worker-\(Self.worker)",
                command: ["worker", "drain", "\(Self.worker)"]),
            Press(
                button: .drainWorker, page: "queues", typed: [("name", Self.nowhere)],
                command: ["worker", "drain", Self.nowhere], isRefused: true),
            Press(
                button: .drainWorker, page: "queues", typed: [("name", "w1")],
                command: ["worker", "drain", "w1"], isRefused: true),
            Press(
                button: .pausePortal, page: "portals", form: "pause-portal-acme",
                command: ["portal", "pause", "acme"]),
            Press(
                button: .pausePortal, page: "portals", typed: [("name", "nosuch")],
                command: ["portal", "pause", "nosuch"], isRefused: true),
            Press(
                button: .resumePortal, page: "portals", form: "resume-portal-acme",
                command: ["portal", "resume", "acme"]),
            Press(
                button: .disablePortal, page: "portals", form: "disable-portal-acme",
                command: ["portal", "disable", "acme"]),
            Press(
                button: .enablePortal, page: "portals", form: "enable-portal-acme",
                command: ["portal", "enable", "acme"]),
            Press(
                button: .limitPortal, page: "portals", form: "limit-portal-acme", typed: [("value", "777")],
                command: ["portal", "limit", "acme", "777"]),
            Press(
                button: .limitPortal, page: "portals", form: "limit-portal-acme", typed: [("value", "0")],
                command: ["portal", "limit", "acme", "0"], isRefused: true),
            Press(
                button: .limitPortal, page: "portals", form: "limit-portal-acme", typed: [("value", "many")],
                command: ["portal", "limit", "acme", "many"], isRefused: true),
            Press(
                button: .switchOff, page: "settings", form: "setting-off-\(on)",
                command: ["settings", "set", "\(on)=false"]),
            Press(
                button: .switchOn, page: "settings", form: "setting-on-\(on)",
                command: ["settings", "set", "\(on)=true"]),
            Press(
                button: .switchOn, page: "settings", typed: [("name", "nosuch")],
                command: ["settings", "set", "nosuch=true"], isRefused: true),
            Press(
                button: .logLevel, page: "settings", form: "log-level",
                typed: [("name", "issue"), ("value", "debug")], command: ["log-level", "set", "issue=debug"]),
            Press(
                button: .logLevel, page: "settings", form: "log-level",
                typed: [("name", "No!"), ("value", "debug")], command: ["log-level", "set", "No!=debug"],
                isRefused: true),
            Press(
                button: .logLevel, page: "settings", form: "log-level",
                typed: [("name", "issue"), ("value", "loud")], command: ["log-level", "set", "issue=loud"],
                isRefused: true),
            Press(
                button: .logLevel, page: "settings", form: "log-level",
                typed: [("name", "issue"), ("value", "default")],
                command: ["log-level", "set", "issue=default"]),
            Press(
                button: .addType, page: "settings", form: "add-type",
                typed: [
                    ("name", "quick"), ("seconds", "60"),
                    ("value", "en=Sign in\r\nnl-be=Meld je \"aan\"\r\n"),
                ],
                command: [
                    "type", "add", "quick", "--expires-in", "60", "--message", "en=Sign in", "--message",
                    "nl-be=Meld je \"aan\"",
                ]),
            Press(
                button: .addType, page: "settings", form: "add-type", typed: [("name", "plain")],
                command: ["type", "add", "plain"]),
            Press(
                button: .addType, page: "settings", form: "add-type", typed: [("name", "quick")],
                command: ["type", "add", "quick"], isRefused: true),
            Press(
                button: .addType, page: "settings", form: "add-type",
                typed: [("name", "slow"), ("seconds", "601")],
                command: ["type", "add", "slow", "--expires-in", "601"], isRefused: true),
            Press(
                button: .addType, page: "settings", form: "add-type",
                typed: [("name", "long"), ("value", "en=" + String(repeating: "x", count: 156))],
                command: ["type", "add", "long", "--message", "en=" + String(repeating: "x", count: 156)],
                isRefused: true),
            Press(
                button: .removeType, page: "settings", form: "remove-type-quick",
                command: ["type", "remove", "quick"]),
            Press(
                button: .removeType, page: "settings", typed: [("name", "quick")],
                command: ["type", "remove", "quick"], isRefused: true),
            Press(
                button: .addCallback, page: "settings", form: "add-callback",
                typed: [("name", "acme"), ("value", url)], command: ["callback", "add", "acme", url]),
            Press(
                button: .addCallback, page: "settings", form: "add-callback",
                typed: [("name", "acme"), ("value", url)], command: ["callback", "add", "acme", url],
                isRefused: true),
            Press(
                button: .addCallback, page: "settings", form: "add-callback",
                typed: [("name", "acme"), ("value", "ftp://acme.example/")],
                command: ["callback", "add", "acme", "ftp://acme.example/"], isRefused: true),
            Press(
                button: .removeCallback, page: "settings",
                form: "remove-callback-acme-https://acme.example/cb?a=1&amp;b=&#39;2&#39;",
                command: ["callback", "remove", "acme", url]),
            Press(
                button: .removeCallback, page: "settings", typed: [("name", "acme"), ("value", url)],
                command: ["callback", "remove", "acme", url], isRefused: true),
            Press(
                button: .sendWebhook, page: "webhooks", form: "send-webhook-<dead>",
                command: ["webhook", "retry", "<dead>"]),
            Press(
                button: .sendWebhook, page: "webhooks", typed: [("name", Self.nowhere)],
                command: ["webhook", "retry", Self.nowhere], isRefused: true),
            Press(
                button: .replayWebhooks, page: "webhooks", form: "replay-webhooks",
                typed: [("name", "acme"), ("value", "1h")],
                command: ["webhook", "replay", "--portal", "acme", "--since", "1h"]),
            Press(
                button: .replayWebhooks, page: "webhooks", form: "replay-webhooks",
                typed: [("name", "acme"), ("value", "yesterday")],
                command: ["webhook", "replay", "--portal", "acme", "--since", "yesterday"], isRefused: true),
            Press(
                button: .replayWebhooks, page: "webhooks", form: "replay-webhooks",
                typed: [("name", "nosuch"), ("value", "1h")],
                command: ["webhook", "replay", "--portal", "nosuch", "--since", "1h"], isRefused: true),
        ]
    }

    /// A portal, a worker, and two webhooks that died.
    private func arrange() async throws -> Side {
        _ = try await ConsolePortal.make()
        var owner = try await Database.current.connect()
        let dead = try await owner.execute(
            """
            INSERT INTO countersign.workers (worker_id, process_id, program, host, heartbeat_at)
            VALUES ('\(Self.worker)', 1, 5, 'h', clock_timestamp() + interval '1 hour');
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
        for press in presses(left.dead) {
            let what = Comment(rawValue: press.command.joined(separator: " "))
            let before = try await left.state()
            for page in ["queues", "portals", "webhooks", "settings"] {
                let forms = try await console.page(page).matches(of: /name="action" value="([a-z-]+)"/)
                shown.formUnion(forms.map { String($0.output.1) })
            }
            let answer = try await console.press(
                press.button.rawValue, on: press.page,
                form: press.form?.replacing("<dead>", with: "\(left.dead)"), typed: press.typed)
            let command = press.command.map { $0.replacing("<dead>", with: "\(right.dead)") }
            let twin = try await runProgram(
                RunningProgram.executable.path, command,
                environment: ["DATABASE_URL": right.database.url(login: right.login)])
            let after = try await left.state()
            #expect(try await after == right.state(), what)
            if press.isRefused {
                #expect(answer.status == 422 && [64, 65].contains(twin.status), what)
                let sentence = try #require(twin.text.wholeMatch(of: /countersign: (.*)\n/), what)
                #expect(unescapedHTML(answer.body).contains("Not done: \(sentence.output.1).<"), what)
                #expect(after == before, what)
            } else {
                #expect(answer.status == 303 && twin.status == 0, "\(press.command): \(twin.text)")
                let notice = try await console.browser.get(try #require(answer.header("location"))).body
                let said = twin.text.split(separator: "\n").joined(separator: "; ")
                    .replacing("\(right.dead)", with: "\(left.dead)")
                #expect(unescapedHTML(notice).contains("role=\"status\">\(said)</p>"), what)
            }
        }
        let (ours, theirs) = (try await left.events(), try await right.events())
        #expect(ours.whats == theirs.whats && ours.whats.count > 15)
        #expect(ours.actors == ["console:alice"] && theirs.actors == [right.login.name])
        let all = Set(ConsoleButton.allCases.map(\.rawValue))
        #expect(shown == all, "on the pages")
        #expect(Set(presses(left.dead).map(\.button.rawValue)) == all, "in this test")
    }
}

/// What actions can change.
private let everything = Statement(
    "everything",
    """
    SELECT jsonb_pretty(jsonb_build_array(
        (SELECT jsonb_agg(jsonb_build_array(stage, paused, batch_size) ORDER BY stage) FROM countersign.stage_controls),
        (SELECT jsonb_agg(jsonb_build_array(name, paused, enabled, max_open_requests)) FROM countersign.portals),
        (SELECT to_jsonb(s) - 'updated_at' FROM countersign.settings s),
        (SELECT jsonb_agg(jsonb_build_array(module, level)) FROM countersign.log_levels),
        (SELECT jsonb_agg(jsonb_build_array(worker_id, drain_requested)) FROM countersign.workers),
        (SELECT jsonb_agg(to_jsonb(t) - 'created_at' - 'updated_at' ORDER BY name) FROM countersign.auth_types t),
        (SELECT jsonb_agg(to_jsonb(m) ORDER BY auth_type, language_code) FROM countersign.auth_type_messages m),
        (SELECT jsonb_agg(jsonb_build_array(url, username) ORDER BY url) FROM countersign.callback_urls),
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
    SELECT e.type || ' ' || coalesce(p.name, '-') || ' ' || coalesce(e.details::text, '-'), e.actor
    FROM countersign.events e LEFT JOIN countersign.portals p USING (portal_id)
    WHERE e.type NOT LIKE 'request.%' AND e.type NOT LIKE 'operator.%' ORDER BY e.event_id
    """)
