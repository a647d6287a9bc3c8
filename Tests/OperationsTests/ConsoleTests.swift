import Countersign
import Logging
import Operations
import Postgres
import Support
import Testing

/// The console as a browser sees it, without a script.
@Suite(.database) struct ConsoleTests {
    /// A browser that has signed in, and the token that its forms carry.
    private func signIn(_ browser: Browser, admin: Bool = true, name: String = "alice") async throws -> (
        Browser, String
    ) {
        var owner = try await Database.current.connect()
        let password = try await Operator.add(name, isAdmin: admin, &owner)
        let answer = try await browser.post("/console/login", [("name", name), ("password", password)])
        #expect(answer.status == 303 && answer.header("location") == "/console/queues")
        let cookie = try #require(answer.header("set-cookie"))
        for attribute in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/console"] {
            #expect(cookie.contains("; \(attribute)"))
        }
        var signedIn = browser
        signedIn.cookie = String(cookie.prefix { $0 != ";" })
        let page = try await signedIn.get("/console/queues").body
        let token = try #require(page.firstMatch(of: /name="csrf" value="([0-9a-f]{64})"/))
        return (signedIn, String(token.output.1))
    }

    private func actors(_ type: String) async throws -> [String] {
        var owner = try await Database.current.connect()
        let statement = Statement(
            "actors", "SELECT actor FROM countersign.events WHERE type = $1 ORDER BY event_id")
        return try await owner.run(statement, [.text(type)]).map { try $0.text(0) }
    }

    @Test func `every page, with what it must show`() async throws {
        let world = try await World.make()
        var portal = try await world.portal()
        let id = try await portal.run(World.insert)[0].identifier(0)
        #expect(try await portal.run(World.cancel, [.identifier(id)])[0].bool(0))
        let expected = [
            "queues": ["issue", "No worker is running."], "portals": ["acme", "100000", "Pause"],
            "requests?id=\(id)": ["cancelled", "requested", "acme", "http://127.0.0.1:9/cb"],
            "webhooks": ["None in the last day."], "events": ["request.cancelled", id.description],
            "settings": ["mobile_authentication_enabled", "qr-code", "http://127.0.0.1:9/cb", "Switch off"],
        ]
        try await withOperations { browser in
            let (signedIn, _) = try await signIn(browser)
            for (path, words) in expected {
                let page = try await signedIn.get("/console/\(path)")
                #expect(page.status == 200, "\(path)")
                for word in words { #expect(page.body.contains(word), "\(path): \(word)") }
                #expect(
                    !page.body.contains("{{") && !page.body.contains("<script>")
                        && !page.body.contains("style=\""))
                let policy = try #require(page.header("content-security-policy"))
                #expect(policy.hasPrefix("default-src 'none'; script-src 'self';"))
            }
            let wrong = try await signedIn.get("/console/requests?id=%3Cb%3E")
            #expect(wrong.body.contains("A transaction id is a UUID") && !wrong.body.contains("<b>"))
        }
    }

    @Test func `nothing without an account`() async throws {
        try await withOperations { browser in
            for page in ["queues", "portals", "requests", "webhooks", "events", "settings"] {
                let answer = try await browser.get("/console/\(page)")
                #expect(answer.status == 303 && answer.header("location") == "/console/login")
            }
            #expect(try await browser.get("/console/live/queues").status == 401)
            let action = [("page", "queues"), ("action", "pause-stage"), ("name", "issue"), ("csrf", "")]
            #expect(try await browser.post("/console/act", action).header("location") == "/console/login")
            #expect(try await browser.get("/console/login").body.contains("<form"))
        }
    }

    @Test func `a form of another site changes nothing`() async throws {
        try await withOperations { browser in
            let (signedIn, token) = try await signIn(browser)
            let action = [("page", "queues"), ("action", "pause-stage"), ("name", "issue")]
            let forged = try await signedIn.post(
                "/console/act", action + [("csrf", String(repeating: "0", count: 64))])
            #expect(forged.status == 403)
            for headers in [[("sec-fetch-site", "cross-site")], [("origin", "https://evil.example")], []] {
                let answer = try await signedIn.post(
                    "/console/act", action + [("csrf", token)], headers: headers)
                #expect(answer.status == 403)
            }
            #expect(try await actors("stage.paused").isEmpty)
        }
    }

    @Test func `an account that only looks changes nothing`() async throws {
        try await withOperations { browser in
            let (signedIn, token) = try await signIn(browser, admin: false)
            let page = try await signedIn.get("/console/queues").body
            #expect(page.contains("read-only") && !page.contains("pause-stage"))
            let action = [("page", "queues"), ("action", "pause-stage"), ("name", "issue"), ("csrf", token)]
            #expect(try await signedIn.post("/console/act", action).status == 403)
            #expect(try await actors("stage.paused").isEmpty)
        }
    }

    /// What each button leaves in the database is what its command leaves, but for who did it.
    @Test func `each button does what its command does`() async throws {
        _ = try await World.make()
        let worker = Identifier.random()
        var owner = try await Database.current.connect()
        try await owner.run(
            Statement(
                "worker",
                "INSERT INTO countersign.workers (worker_id, process_id, program, host) VALUES ($1, 1, 5, 'h')"
            ),
            [.identifier(worker)])
        let buttons: [(action: String, name: String, value: String, OperatorAction)] = [
            ("pause-stage", "issue", "", .pauseStage(.issue)),
            ("resume-stage", "issue", "", .resumeStage(.issue)),
            ("batch-size", "issue", "50", .setBatchSize(.issue, 50)),
            ("batch-size", "issue", "", .setBatchSize(.issue, nil)),
            ("pause-portal", "acme", "", .pausePortal("acme")),
            ("resume-portal", "acme", "", .resumePortal("acme")),
            ("disable-portal", "acme", "", .disablePortal("acme")),
            ("enable-portal", "acme", "", .enablePortal("acme")),
            ("limit-portal", "acme", "777", .limitPortal("acme", 777)),
            (
                "setting-off", "mobile_authentication_enabled", "",
                .changeSetting(.mobileAuthentication, false)
            ),
            ("setting-on", "mobile_authentication_enabled", "", .changeSetting(.mobileAuthentication, true)),
            ("log-level", "issue", "debug", .setLogLevel(module: "issue", .debug)),
            ("log-level", "issue", "default", .setLogLevel(module: "issue", nil)),
            ("drain-worker", "\(worker)", "", .drainWorker(worker)),
        ]
        let admin = try await Database.current.makeLogin("admin", in: .admin)
        try await withOperations(Database.current.options(login: admin)) { browser in
            let (signedIn, token) = try await signIn(browser)
            for (action, name, value, twin) in buttons {
                let before = try await state()
                let fields = [
                    ("page", "queues"), ("action", action), ("name", name), ("value", value), ("csrf", token),
                ]
                let answer = try await signedIn.post("/console/act", fields)
                #expect(answer.status == 303, "\(action)")
                let after = try await state()
                #expect(after != before, "\(action) changed nothing")
                // Its command finds that it is done.
                let sentence = try await twin.run(&owner)
                #expect(sentence.hasSuffix(" already"), "\(action): \(sentence)")
                #expect(try await state() == after)
            }
            let refused = try await signedIn.post(
                "/console/act",
                [
                    ("page", "portals"), ("action", "limit-portal"), ("name", "acme"), ("value", "many"),
                    ("csrf", token),
                ])
            #expect(refused.header("location")?.contains("notice=Not%20done") == true)
        }
        for type in ["stage.paused", "portal.paused", "settings.changed", "worker.drained", "portal.limited"]
        {
            let who = try await actors(type)
            #expect(!who.isEmpty && who.allSatisfy { $0 == "console:alice" }, "\(type)")
        }
    }

    /// What actions can change, without times.
    private func state() async throws -> String {
        var owner = try await Database.current.connect()
        return try await owner.execute(
            """
            SELECT (SELECT json_agg(json_build_array(stage, paused, batch_size) ORDER BY stage)
                    FROM countersign.stage_controls)::text
                || (SELECT json_agg(json_build_array(name, paused, enabled, max_open_requests)) FROM countersign.portals)::text
                || (SELECT (to_jsonb(s) - 'updated_at')::text FROM countersign.settings s)
                || coalesce((SELECT json_agg(json_build_array(module, level)) FROM countersign.log_levels)::text, '')
                || (SELECT json_agg(drain_requested) FROM countersign.workers)::text
            """)[0].text(0)
    }

    @Test func `only an administrator's login can name somebody else in the audit`() async throws {
        let world = try await World.make()
        var portal = try await world.portal()
        try await portal.execute("SET countersign.operator = 'console:alice'")
        let id = try await portal.run(World.insert)[0].identifier(0)
        #expect(try await portal.run(World.cancel, [.identifier(id)])[0].bool(0))
        #expect(try await actors("request.cancelled") == [world.portalLogin.name])
    }

    @Test func `wrong passwords are slowed down, and a session ends`() async throws {
        try await withOperations { browser in
            let (signedIn, token) = try await signIn(browser)
            for _ in 1...5 {
                let answer = try await browser.post(
                    "/console/login", [("name", "bob"), ("password", "guess")])
                #expect(answer.status == 401 && answer.header("set-cookie") == nil)
            }
            #expect(
                try await browser.post("/console/login", [("name", "bob"), ("password", "guess")]).status
                    == 429)
            #expect(!LogCapture.current.text.contains("guess"))
            #expect(try await signedIn.post("/console/logout", [("csrf", token)]).status == 303)
            #expect(try await signedIn.get("/console/queues").status == 303)
        }
    }

    @Test func `a login without the rights is told so`() async throws {
        let monitor = try await Database.current.makeLogin("watch", in: .monitor)
        try await withOperations(Database.current.options(login: monitor)) { browser in
            let answer = try await browser.post("/console/login", [("name", "alice"), ("password", "x")])
            #expect(answer.status == 503 && answer.body.contains("COUNTERSIGN_OPERATIONS_DATABASE_URL"))
        }
    }
}
