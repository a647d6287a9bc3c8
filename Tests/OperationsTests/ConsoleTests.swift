import Administration
import Countersign
import Engine
import Logging
import Operations
import Postgres
import Support
import Testing

/// The console as a browser sees it, without a script.
@Suite(.database) struct ConsoleTests {
    private func actors(_ type: String) async throws -> [String] {
        var owner = try await Database.current.connect()
        let statement = Statement(
            "actors",
            "SELECT coalesce(operator, actor) FROM countersign.events WHERE type = $1 ORDER BY event_id")
        return try await owner.run(statement, [.text(type)]).map { try $0.text(0) }
    }

    @Test func `every page, with what it must show`() async throws {
        let site = try await ConsolePortal.make()
        var portal = try await site.portal()
        let id = try await portal.run(ConsolePortal.insert)[0].identifier(0)
        #expect(try await portal.run(ConsolePortal.cancel, [.identifier(id)])[0].bool(0))
        let expected = [
            "queues": ["issue"], "workers": ["No worker is running."],
            "doctor": ["The doctor is being asked"],
            "users": ["Type the id that the app gives"], "enrollments": ["No device yet"],
            "accounts": ["alice", "admin"],
            "portals": ["acme", "100,000", "Pause"],
            "requests?id=\(id)": [
                "cancelled", "asked", "acme", "http://127.0.0.1:9/cb", "request.cancelled",
            ],
            "requests": ["cancelled", "acme", "qr-code", "requests?id=\(id)"],
            "webhooks": ["http://127.0.0.1:9", "waiting", id.description],
            "events": ["request.cancelled", id.description],
            "settings": ["mobile_authentication_enabled", "Switch off"],
            "settings?subject=types": ["qr-code"], "settings?subject=callbacks": ["http://127.0.0.1:9/cb"],
            "settings?subject=logs": ["Every module logs as its program was started."],
        ]
        try await withOperations { browser in
            let signedIn = try await SignedIn(browser).browser
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
            for page in ["queues", "portals", "apps", "requests", "webhooks", "events", "settings"] {
                let answer = try await browser.get("/console/\(page)")
                #expect(answer.status == 303 && answer.header("location") == "/console/login?next=\(page)")
            }
            #expect(try await browser.get("/console/live/queues").status == 401)
            let action = [("page", "queues"), ("action", "stage-pause"), ("stage", "issue"), ("csrf", "")]
            #expect(
                try await browser.post("/console/act", action).header("location")
                    == "/console/login?next=queues")
            #expect(try await browser.get("/console/login").body.contains("<form"))
        }
    }

    @Test func `a form of another site changes nothing`() async throws {
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let (signedIn, token) = (console.browser, console.token)
            let action = [("page", "queues"), ("action", "stage-pause"), ("stage", "issue")]
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
            let console = try await SignedIn(browser, as: .viewer)
            let (signedIn, token) = (console.browser, console.token)
            let page = try await signedIn.get("/console/queues").body
            #expect(page.contains("viewer</span>") && !page.contains("stage-pause"))
            let action = [("page", "queues"), ("action", "stage-pause"), ("stage", "issue"), ("csrf", token)]
            #expect(try await signedIn.post("/console/act", action).status == 403)
            #expect(try await actors("stage.paused").isEmpty)
        }
    }

    @Test func `only an administrator's login can name somebody else in the audit`() async throws {
        let site = try await ConsolePortal.make()
        var portal = try await site.portal()
        try await portal.execute("SET countersign.operator = 'console:alice'")
        let id = try await portal.run(ConsolePortal.insert)[0].identifier(0)
        #expect(try await portal.run(ConsolePortal.cancel, [.identifier(id)])[0].bool(0))
        #expect(try await actors("request.cancelled") == [site.portalLogin.name])
    }

    @Test func `who signs out is out`() async throws {
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let (signedIn, token) = (console.browser, console.token)
            #expect(try await signedIn.post("/console/logout", [("csrf", token)]).status == 303)
            #expect(try await signedIn.get("/console/queues").status == 303)
        }
    }

    @Test func `a page with nothing on it says what to do`() async throws {
        let expected = [
            ("workers", "Start one: <code>countersign work</code>"), ("overview", "No figures yet:"),

            ("portals", "<code>countersign portal add "), ("apps", "<code>countersign app add "),
            ("requests", "The portal has the transaction id"),
            ("webhooks", "One goes out when a request has ended"),
            ("settings?subject=types", "requests need one: portals write its name into"),
            ("settings?subject=callbacks", "None yet: a request's"),
        ]
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            for (page, words) in expected {
                let body = try await console.page(page)
                #expect(body.contains(words) && body.contains("Times are UTC."), "\(page): \(words)")
            }
        }
    }

    @Test func `a session that is over leads back to its page`() async throws {
        try await withOperations { browser in
            var old = try await SignedIn(browser)
            var owner = try await Database.current.connect()
            try await owner.execute("UPDATE countersign.operator_sessions SET expires_at = clock_timestamp()")
            let answer = try await old.browser.get("/console/webhooks")
            #expect(answer.header("location") == "/console/login?next=webhooks&over=1")
            #expect(answer.header("set-cookie")?.hasPrefix("countersign_session=; Max-Age=0") == true)
            let pressed = try await old.press(
                "stage-pause", on: "queues", typed: [("stage", "issue"), ("csrf", old.token)])
            #expect(pressed.header("location") == "/console/login?next=queues&over=1")
            #expect(try await actors("stage.paused").isEmpty)
            old.browser.cookie = nil
            let login = try await old.browser.get("/console/login?next=webhooks&over=1").body
            #expect(
                login.contains("Your session is over") && login.contains("name=\"next\" value=\"webhooks\""))
            let password = try await ConsoleAccount.add("bob", .viewer, &owner)
            for (next, page) in [("webhooks", "webhooks"), ("//evil.example", "overview")] {
                let back = try await browser.post(
                    "/console/login", [("name", "bob"), ("password", password), ("next", next)])
                #expect(back.header("location") == "/console/\(page)")
            }
        }
    }

    @Test func `a link cannot put words into the console's mouth`() async throws {
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let done = try await console.press(
                "stage-pause", on: "queues", form: "stage-pause-issue")
            let address = try #require(done.header("location"))
            #expect(try await console.browser.get(address).body.contains(">stage issue is paused</p>"))
            let forged = address.replacing("issue", with: "validate")
            #expect(try await !console.browser.get(forged).body.contains("stage validate is paused"))
        }
    }

    @Test func `what is paused, disabled or switched off stands first`() async throws {
        _ = try await ConsolePortal.make()
        _ = try await ConsolePortal.make("other")
        var owner = try await Database.current.connect()
        try await act("stage pause", "dispatch")
        try await act("portal pause", "acme")
        try await act("portal disable", "other")
        try await act("settings set", "enrollment_enabled=false")
        try await owner.execute("UPDATE countersign.portals SET over_limit = true WHERE name = 'acme'")
        try await withOperations { browser in
            let page = try await SignedIn(browser, as: .viewer).page("queues")
            let first = try #require(page.firstMatch(of: /(?s)Needs attention(.*?)<\/section>/)).output.1
            for (what, name) in [
                ("Paused stage", "dispatch"), ("Paused portal", "acme"), ("Disabled portal", "other"),
                ("Portal over its limit", "acme"), ("Switched off", "enrollment_enabled"),
            ] { #expect(first.contains(try Regex("\(what): <a [^>]*><strong>\(name)<"))) }
            #expect(first.contains("No worker"))
        }
    }

    /// As a login in countersign_monitor sees no user, so does an account that only looks; and with such a login the
    /// console shows nothing at all, whoever has signed in elsewhere.
    @Test func `who only looks sees no user and no button`() async throws {
        let site = try await ConsolePortal.make()
        var portal = try await site.portal()
        let id = try await portal.run(ConsolePortal.insert)[0].identifier(0)
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            """
            UPDATE countersign.settings SET signature_required = false;
            INSERT INTO countersign.apps (login, name) VALUES ('\(site.portalLogin.name)_app', 'mobile');
            INSERT INTO countersign.enrollments (app_id, user_id, device_id, status)
            SELECT app_id, 'zaphod.b', 'phone-42', 'active' FROM countersign.apps;
            SELECT countersign.end_requests(ARRAY['\(id)'::uuid], ARRAY['authenticated'],
                ARRAY[(SELECT enrollment_id FROM countersign.enrollments)])
            """)
        let pages = [
            "queues", "portals", "apps", "requests?id=\(id)", "webhooks", "events", "settings", "overview",
            "workers", "doctor",
            "settings?subject=types", "settings?subject=callbacks", "settings?subject=logs",
        ]
        let monitor = try await Database.current.makeLogin("watch", in: .monitor)
        try await withOperations { browser in
            let admin = try await SignedIn(browser)
            #expect(try await admin.page(pages[3]).contains("zaphod.b"))
            let watcher = try await SignedIn(browser, as: .viewer, name: "watcher")
            for page in pages {
                let body = try await watcher.page(page)
                #expect(body.contains("viewer</span>"))
                #expect(!body.contains("zaphod.b") && !body.contains("phone-42"), "\(page)")
                #expect(!body.contains("action=\"/console/act\"") && !body.contains(">Who<"), "\(page)")
                #expect(body.matches(of: /<button(?! type="button"| class="main")/).count == 1, "\(page)")
            }
            try await withOperations(Database.current.options(login: monitor)) { other in
                var stranger = other
                stranger.cookie = admin.browser.cookie
                for page in pages {
                    let answer = try await stranger.get("/console/\(page)")
                    #expect(answer.status == 503 && !answer.body.contains("zaphod"), "\(page)")
                }
            }
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
