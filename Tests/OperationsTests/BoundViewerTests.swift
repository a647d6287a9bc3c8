import Administration
import Countersign
import HTTPService
import Operations
import Postgres
import Support
import Testing

/// A viewer who is bound to one portal, and tries to see or do what is another's.
@Suite(.database) struct BoundViewerTests {
    private struct World {
        let own: Identifier
        let other: Identifier
    }

    /// Of each portal a request that has ended, with a dead webhook and events.
    private func arrange() async throws -> World {
        _ = try await ConsolePortal.make()
        _ = try await ConsolePortal.make("rival")
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri, reference)
            SELECT portal_id, 'qr-code', 'http://127.0.0.1:9/cb', 'reference-of-' || name FROM countersign.portals;
            SELECT countersign.end_requests(array_agg(transaction_id), array_agg('cancelled'::text))
            FROM countersign.auth_requests;
            DELETE FROM countersign.dispatch_queue;
            UPDATE countersign.webhook_deliveries SET status = 'dead', attempts = 3, finished_at = clock_timestamp();
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms, status_code,
                error_class, detail)
            SELECT d.transaction_id, 1, clock_timestamp(), 31, 503, 'status', 'failure-of-' || p.name
            FROM countersign.webhook_deliveries d JOIN countersign.portals p USING (portal_id);
            INSERT INTO countersign.webhook_endpoints (portal_id, origin, state, changed_at, open_until, reason)
            SELECT portal_id, 'https://breaker-of-' || name || '.example', 'open', now(), now(), 'timeout'
            FROM countersign.portals
            """)
        let ids = try await owner.execute(
            "SELECT transaction_id FROM countersign.auth_requests JOIN countersign.portals USING (portal_id) ORDER BY name"
        )
        return World(own: try ids[0].identifier(0), other: try ids[1].identifier(0))
    }

    /// The first thing that a page's stream says.
    private func firstEvent(_ page: String, _ viewer: SignedIn) async throws -> String {
        let port = Int(viewer.browser.base.split(separator: ":").last ?? "") ?? 0
        return try await RawHTTP(port: port).connected { connection in
            try await connection.send(
                "GET /console/live/\(page) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n"
                    + "Cookie: \(viewer.browser.cookie ?? "")\r\n\r\n")
            return try await connection.text(until: "\"\n\n")
        }
    }

    private static let pages = [
        "requests", "webhooks", "events", "account", "webhooks?state=dead", "webhooks?state=waiting",
        "webhooks?state=delivered", "requests?state=cancelled", "events?type=request",
        "webhooks?receiver=https%3A%2F%2Fbreaker-of-rival.example",
    ]

    @Test func `it sees what is its portal's`() async throws {
        let world = try await arrange()
        try await withOperations { browser in
            let viewer = try await SignedIn(browser, as: .viewer, portal: "acme", name: "desk")
            for page in [
                "requests", "events", "webhooks", "requests?id=\(world.own)", "requests?portal=acme",
            ] {
                #expect(try await viewer.page(page).contains("\(world.own)"), "\(page)")
            }
            #expect(try await viewer.page("webhooks").contains("https://breaker-of-acme.example"))
            let first = try await viewer.browser.get("/console/overview")
            #expect(first.status == 303 && first.header("location") == "/console/requests")
        }
    }

    @Test func `no page, link or filter shows it anything of another portal`() async throws {
        let world = try await arrange()
        try await withOperations { browser in
            let viewer = try await SignedIn(browser, as: .viewer, portal: "acme", name: "desk")
            let queries = [
                "requests?portal=rival", "webhooks?portal=rival", "events?portal=rival",
                "requests?id=\(world.other)", "requests?reference=reference-of-rival",
                "events?transaction=\(world.other)", "requests?user=zaphod", "events?user=zaphod",
                "requests?portal=acme&before=ffffffff-ffff-ffff-ffff-ffffffffffff",
            ]
            for page in Self.pages + queries {
                let body = try await viewer.page(page)
                // What was typed stands in the form and in the page's own address again.
                let isTyped = page.contains("rival") || page.contains("\(world.other)")
                let shown = isTyped ? body.replacing(/(value|data-live|href)="[^"]*"/, with: "") : body
                #expect(!shown.contains("rival") && !shown.contains("\(world.other)"), "\(page)")
            }
            for page in ["webhooks", "events", "requests?id=\(world.own)"] {
                let event = try await firstEvent(page, viewer)
                #expect(event.contains("\(world.own)") && !event.contains("rival"), "\(page)")
            }
            let other = try await firstEvent("requests?id=\(world.other)", viewer)
            #expect(other.contains("There is no such request"))
            for page in ["requests?portal=rival", "webhooks?portal=rival", "events?portal=rival"] {
                #expect(try await viewer.page(page).contains("Your account sees portal acme only"), "\(page)")
            }
        }
    }

    @Test(arguments: [
        "queues", "workers", "doctor", "portals", "apps", "settings", "settings?subject=callbacks", "users",
        "users?app=mobile&user=zaphod", "enrollments", "accounts",
    ])
    func `what is no portal's is not there`(_ page: String) async throws {
        _ = try await arrange()
        try await withOperations { browser in
            let viewer = try await SignedIn(browser, as: .viewer, portal: "acme", name: "desk")
            let answer = try await viewer.browser.get("/console/\(page)")
            #expect(answer.status == 404 && !answer.body.contains("rival"))
            let live = try await viewer.browser.get("/console/live/\(page)")
            #expect(live.status == 404 && !live.body.contains("rival"))
        }
    }

    @Test func `an export holds its portal's events alone`() async throws {
        let world = try await arrange()
        try await withOperations { browser in
            let viewer = try await SignedIn(browser, as: .viewer, portal: "acme", name: "desk")
            let export = try await viewer.browser.get("/console/export/events")
            #expect(export.status == 200 && export.body.contains("\(world.own)"))
            #expect(!export.body.contains("\(world.other)") && !export.body.contains("rival"))
            #expect(!export.body.contains("\"actor\"") && !export.body.contains("\"details\""))
            for query in ["portal=rival", "user=zaphod"] {
                #expect(try await viewer.browser.get("/console/export/events?\(query)").status == 400)
            }
            let none = try await viewer.browser.get("/console/export/events?transaction=\(world.other)")
            #expect(none.status == 200 && none.body.isEmpty)
        }
    }

    @Test func `it can do nothing, whatever it sends`() async throws {
        let world = try await arrange()
        try await withOperations { browser in
            let viewer = try await SignedIn(browser, as: .viewer, portal: "acme", name: "desk")
            for action in operatorActions {
                let words = [
                    ("transaction", "\(world.own)"), ("portal", "acme"), ("since", "1h"),
                    ("operator", "desk"),
                    ("role", "admin"), ("stage", "issue"), ("password", viewer.password),
                ]
                let answer = try await viewer.browser.post(
                    "/console/act",
                    words + [("csrf", viewer.token), ("page", "requests"), ("action", action.name)])
                #expect(answer.status == 403, "\(action.name)")
            }
            #expect(try await count("countersign.dead_deliveries") == 2)
            #expect(try await count("countersign.operators WHERE role = 'viewer'") == 1)
        }
    }

    @Test func `it ends with its portal, and what is changed counts at once`() async throws {
        _ = try await arrange()
        try await withOperations { browser in
            let viewer = try await SignedIn(browser, as: .viewer, portal: "rival", name: "desk")
            #expect(try await viewer.page("requests").contains("reference-of-rival"))
            var owner = try await Database.current.connect()
            try await owner.execute(
                "UPDATE countersign.operators SET portal_id = (SELECT portal_id FROM countersign.portals WHERE name = 'acme')"
            )
            let page = try await viewer.page("requests")
            #expect(page.contains("reference-of-acme") && !page.contains("reference-of-rival"))
            try await owner.execute("DELETE FROM countersign.portals WHERE name = 'acme'")
            #expect(try await viewer.browser.get("/console/requests").status == 303)
            #expect(try await count("countersign.operators") == 0)
        }
    }

    @Test func `an operator acts on what is under way and on nothing else`() async throws {
        let world = try await arrange()
        try await withOperations { browser in
            let console = try await SignedIn(browser, as: .operator, name: "night")
            let done = try await console.press(
                "webhook-retry", on: "requests?id=\(world.own)", form: "webhook-retry-\(world.own)")
            #expect(done.status == 303)
            #expect(
                try await console.press("stage-pause", on: "queues", form: "stage-pause-issue").status == 303)
            for (action, field) in [
                ("portal-disable", "portal"), ("operator-set", "operator"), ("app-disable", "app"),
            ] {
                let answer = try await console.press(action, on: "queues", typed: [(field, "acme")])
                #expect(answer.status == 403, "\(action)")
            }
            for page in ["users", "enrollments", "accounts"] {
                #expect(try await console.browser.get("/console/\(page)").status == 403, "\(page)")
            }
            let portals = try await console.page("portals")
            #expect(portals.contains("portal-pause") && !portals.contains("portal-disable"))
        }
    }
}
