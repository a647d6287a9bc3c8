import Administration
import Countersign
import HTTPService
import Operations
import Postgres
import Support
import Testing

/// What keeps others out of the console: sessions that end, passwords that are asked for again, and guessing.
@Suite(.database) struct ConsoleSecurityTests {
    private func isSo(_ sql: String) async throws -> Bool {
        var owner = try await Database.current.connect()
        return try await owner.execute("SELECT \(sql)")[0].bool(0)
    }

    @Test func `a session is over when nobody has used it for half an hour`() async throws {
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            var owner = try await Database.current.connect()
            let age = "UPDATE countersign.operator_sessions SET seen_at = seen_at - interval '%@ minutes'"
            try await owner.execute(age.replacing("%@", with: "29"))
            #expect(try await console.browser.get("/console/queues").status == 200)
            #expect(
                try await isSo(
                    "bool_and(seen_at > clock_timestamp() - interval '1 min') FROM countersign.operator_sessions"
                ), "that was use")
            try await owner.execute(age.replacing("%@", with: "31"))
            let answer = try await console.browser.get("/console/queues")
            #expect(answer.header("location") == "/console/login?next=queues&over=1")
            let pressed = try await console.press(
                "stage-pause", on: "queues", typed: [("stage", "issue"), ("csrf", console.token)])
            #expect(pressed.header("location") == "/console/login?next=queues&over=1")
            #expect(try await isSo("NOT bool_or(paused) FROM countersign.stage_controls"))
            #expect(try await console.browser.get("/console/live/queues").status == 401)
        }
    }

    /// What takes a protection away, gives somebody a power, or cannot be undone.
    private static let weighty: [(action: String, page: String, typed: [(String, String)], undone: String)] =
        [
            (
                "settings-set", "settings", [("setting", "signature_required=false")],
                "signature_required FROM countersign.settings"
            ),
            (
                "settings-set", "settings", [("setting", "callback_allowlist_enabled=false")],
                "callback_allowlist_enabled FROM countersign.settings"
            ),
            (
                "settings-set", "settings",
                [("setting", "enrollment_enabled=true\nunique_pgp_keys_per_enrollment=off")],
                "unique_pgp_keys_per_enrollment FROM countersign.settings"
            ),
            (
                "operator-add", "settings", [("name", "mallory"), ("may", "change")],
                "count(*) = 2 FROM countersign.operators"
            ),
            (
                "operator-remove-second-factor", "settings", [("operator", "bob")],
                "count(second_factor) = 1 FROM countersign.operators"
            ),
            (
                "callback-add", "settings", [("portal", "acme"), ("url", "https://evil.example/")],
                "count(*) = 1 FROM countersign.callback_urls"
            ),
            ("app-enable", "apps", [("app", "mobile")], "NOT enabled FROM countersign.apps"),
            (
                "enrollment-revoke", "apps", [("enrollment", "0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f")],
                "status = 'active' FROM countersign.enrollments"
            ),
            ("operator-remove", "settings", [("operator", "bob")], "count(*) = 2 FROM countersign.operators"),
        ]

    @Test func `what weighs asks for the operator's own password`() async throws {
        _ = try await ConsolePortal.make()
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.apps (name, login, enabled) VALUES ('mobile', 'mobile', false);
            INSERT INTO countersign.enrollments (enrollment_id, app_id, status, user_id, device_id)
            SELECT '0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', app_id, 'active', 'alice', 'd1' FROM countersign.apps
            """)
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let other = try await SignedIn(browser, name: "bob")
            try await owner.execute(
                "UPDATE countersign.operators SET second_factor = '\\x00' WHERE name = 'bob'")
            for change in Self.weighty {
                for wrong in ["", other.password, String(console.password.dropLast())] {
                    let answer = try await console.press(
                        change.action, on: change.page, typed: change.typed + [("password", wrong)])
                    #expect(answer.status == 422, "\(change.action)")
                    #expect(answer.body.contains("this needs the password of your account"))
                    #expect(wrong.isEmpty || !answer.body.contains(wrong))
                }
                #expect(try await isSo(change.undone), "\(change.action)")
            }
            for change in Self.weighty {
                let answer = try await console.press(
                    change.action, on: change.page, typed: change.typed + [("password", console.password)])
                #expect([200, 303].contains(answer.status), "\(change.action)")
            }
            #expect(!LogCapture.current.text.contains(console.password))
        }
    }

    @Test func `a new account's password is shown once and nowhere else`() async throws {
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let added = try await console.press(
                "operator-add", on: "settings", form: "operator-add",
                typed: [("name", "carol"), ("may", "look"), ("password", console.password)])
            #expect(added.status == 200 && added.header("location") == nil)
            let password = String(
                try #require(added.body.firstMatch(of: /password ([A-Za-z0-9_-]{32});/)).output.1)
            let signedIn = try await browser.post(
                "/console/login", [("name", "carol"), ("password", password)])
            #expect(signedIn.status == 303)
            #expect(!LogCapture.current.text.contains(password))
        }
    }

    /// From everywhere at once, also from where the operator sits: a right password is let in while others guess.
    @Test func `guessing locks nobody out, and fills neither log nor trail`() async throws {
        let proxies = TrustedProxies(try AddressRange.list("127.0.0.1/32"))
        let admin = try await Database.current.makeLogin("admin", in: .admin)
        try await withOperations(
            Database.current.options(login: admin), configure: { $0.http.proxies = proxies }
        ) { browser in
            let console = try await SignedIn(browser)
            @Sendable func signIn(_ password: String, from address: String) async throws -> Int {
                try await browser.post(
                    "/console/login", [("name", "alice"), ("password", password)],
                    headers: [("sec-fetch-site", "same-origin"), ("x-forwarded-for", address)]
                ).status
            }
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<100 {
                    group.addTask { try await signIn("guess \(number)", from: "192.0.2.66") }
                    group.addTask { try await signIn("guess \(number)", from: "2001:db8::\(number)") }
                    group.addTask { try await signIn("guess \(number)", from: "198.51.100.\(number)") }
                }
                return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [401: 110, 429: 190])
            for address in ["192.0.2.66", "2001:db8::1", "203.0.113.1"] {
                #expect(try await signIn(console.password, from: address) == 303)
            }
            #expect(!LogCapture.current.text.contains("guess"))
            // 110, and of each who guesses on twice that he does: by that name, and at all.
            #expect(
                try await isSo(
                    "count(*) = 114 AND bool_and(operator = 'console') FROM countersign.events WHERE type = 'operator.refused'"
                ))
            #expect(LogCapture.current.text.matches(of: /console sign-in refused/).count == 114)
        }
    }

    @Test func `who was refused is told with name and address, but never what was no name`() async throws {
        try await withOperations { browser in
            let password = try await SignedIn(browser).password
            for name in ["alice", "nobody", password, "a\nlevel=error b"] {
                let answer = try await browser.post(
                    "/console/login", [("name", name), ("password", "wrong")])
                #expect(answer.status == 401)
            }
            var owner = try await Database.current.connect()
            let told = try await owner.execute(
                "SELECT details ->> 'name', details ->> 'address', details ->> 'reason' FROM countersign.events "
                    + "WHERE type = 'operator.refused' ORDER BY event_id")
            #expect(try told.map { try $0.text(0) } == ["alice", "nobody", "?", "?"])
            #expect(try Set(told.map { try $0.text(1) + $0.text(2) }) == ["127.0.0.1wrong password"])
            let log = LogCapture.current.text
            #expect(log.contains("operator=nobody") && log.contains("client=127.0.0.1"))
            #expect(!log.contains(password) && !log.contains("level=error"))
        }
    }

    @Test func `over plain HTTP on a name it says why signing in cannot work`() async throws {
        try await withOperations(configure: {
            $0.http.hosts = AllowedHosts($0.http.listen, more: ["ops.test"])
        }) { browser in
            let password = try await SignedIn(browser).password
            let port = browser.base.split(separator: ":").last ?? ""
            func signIn(_ origin: String, _ headers: [(String, String)] = []) async throws -> Browser.Answer {
                try await browser.post(
                    "/console/login", [("name", "alice"), ("password", password)],
                    headers: [("origin", origin), ("host", "\(origin.split(separator: "/").last ?? "")")]
                        + headers)
            }
            let refused = try await signIn("http://ops.test:\(port)")
            #expect(refused.status == 400 && refused.header("set-cookie") == nil)
            #expect(
                refused.body.contains("Signing in cannot work here: this page was opened over plain HTTP"))
            #expect(try await signIn("http://192.0.2.7:\(port)").status == 400)
            // A proxy with TLS, and the machine itself.
            for origin in ["https://ops.test", "http://localhost:\(port)", "http://127.0.0.1:\(port)"] {
                #expect(try await signIn(origin).status == 303, "\(origin)")
            }
        }
    }
}
