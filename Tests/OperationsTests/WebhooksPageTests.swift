import Countersign
import Operations
import Postgres
import Support
import Testing

@testable import Administration

/// The console's page of webhooks: how each receiver does, what its filters find, and how much it reads for that.
@Suite(.database) struct WebhooksPageTests {
    /// Deliveries of two portals, two seconds apart, the first the oldest: every tenth dead, every tenth waiting, the rest
    /// delivered in n milliseconds.
    private func arrange(_ count: Int, isAnalysed: Bool = true) async throws {
        _ = try await ConsolePortal.make()
        _ = try await ConsolePortal.make("other")
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, finished_at, portal_id, status,
                request_status, callback_uri, attempts, first_at, first_ms, first_code)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at,
                   CASE WHEN n % 10 <> 5 THEN at END, 1 + (n = 7)::integer,
                   CASE n % 10 WHEN 0 THEN 'dead' WHEN 5 THEN 'pending' ELSE 'delivered' END, 'expired',
                   CASE WHEN n % 10 = 0 THEN 'https://Down.example:8443/cb?n=' ELSE 'https://acme.example/cb?n=' END || n, 1,
                   CASE WHEN n % 10 NOT IN (0, 5) THEN at END, CASE WHEN n % 10 NOT IN (0, 5) THEN n END,
                   CASE WHEN n % 10 NOT IN (0, 5) THEN 204 END
            FROM (SELECT n, now() - (\(count) - n) * interval '2 ms' AS at FROM generate_series(1, \(count)) n) AS x;
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms, status_code,
                error_class, detail)
            SELECT transaction_id, 1, created_at, 31, 404, 'status', 'it answered 404'
            FROM countersign.webhook_deliveries WHERE status = 'dead';
            INSERT INTO countersign.dead_deliveries
            SELECT transaction_id, now() - interval '7 min', portal_id FROM countersign.webhook_deliveries
            WHERE status = 'dead';
            INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id, request_status,
                callback_uri)
            SELECT transaction_id, now() + interval '1 min', now(), portal_id, request_status, callback_uri
            FROM countersign.webhook_deliveries WHERE status = 'pending';
            INSERT INTO countersign.webhook_endpoints (portal_id, origin, state, changed_at, open_until, failing_since, reason)
            VALUES (1, 'https://down.example:8443', 'open', now(), now() + interval '1 min', now() - interval '3 min', 'status')
            """)
        if isAnalysed { try await Database.current.arrangeAsSuperuser("ANALYZE") }
    }

    /// The numbers at the ends of the listed addresses.
    private func listed(_ page: String) -> [Int] {
        page.matches(of: /data-label="Address">[^<]*\?n=(\d+)</).compactMap { Int($0.1) }
    }

    @Test func `each receiver has its breaker, its rate, its times, what waits, what died and why`()
        async throws
    {
        try await arrange(100)
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("webhooks")
            let rows = page.split(separator: "<th scope=\"row\" class=\"long receiver\"><a href=").dropFirst()
                .map(
                    String.init)
            #expect(rows.count == 3)
            let down = try #require(rows.first)
            for words in [
                ">https://down.example:8443<", ">acme<", ">open<", "first failed", "asked again", ">0.0 % <",
                "31 ms",
                ">10</a>", "it answered 404", ">Replay 10<",
            ] { #expect(down.contains(words), "\(words)") }
            let fine = try #require(rows.dropFirst().first)
            for words in [
                ">https://acme.example<", ">closed<", ">100 % <", "of 79", "99 ms", "state=waiting", ">none<",
            ] {
                #expect(fine.contains(words), "\(words)")
            }
        }
    }

    @Test(arguments: [
        ("portal=other", [7]), ("state=dead", [30, 20, 10]), ("state=waiting", [25, 15, 5]),
        ("portal=acme&receiver=https%3A%2F%2FDOWN.example%3A8443", [30, 20, 10]),
        ("receiver=https%3A%2F%2Fdown.example", []), ("state=dead&portal=other", []),
        ("state=delivered&portal=other", [7]), ("state=dead&since=1m", []),
        ("state=dead&since=1h", [30, 20, 10]),
    ])
    func `a filter finds its deliveries`(_ query: String, _ expected: [Int]) async throws {
        try await arrange(30)
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("webhooks?\(query)")
            #expect(listed(page) == expected)
            #expect(page.contains("No delivery fits.") == expected.isEmpty)
        }
    }

    @Test func `pages follow each other by key`() async throws {
        try await arrange(60)
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            var (address, seen) = ("webhooks?portal=acme", [Int]())
            for size in [25, 25, 9] {
                let page = try await console.page(address)
                #expect(listed(page).count == size)
                seen += listed(page)
                let older = page.firstMatch(of: /href="\/console\/([^"]*)" rel="next">Older/)
                address = older.map { unescapedHTML(String($0.1)) } ?? ""
            }
            #expect(seen == Array((1...60).reversed()).filter { $0 != 7 })
        }
    }

    @Test func `what is listed is sent again by one button that says how many`() async throws {
        try await arrange(30)
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            #expect(try await console.page("webhooks?state=dead").contains(">Retry these 3<"))
            let done = try await console.press(
                "webhook-retry", on: "webhooks?state=dead", form: "webhook-retry-all")
            #expect(done.status == 303)
            #expect(done.header("location")?.hasPrefix("/console/webhooks?state=dead&notice=sending") == true)
            #expect(try await listed(console.page("webhooks?state=dead")).isEmpty)
            #expect(try await listed(console.page("webhooks?state=waiting")).count == 6)
            let watcher = try await SignedIn(browser, as: .viewer, name: "watcher")
            #expect(try await !watcher.page("webhooks").contains("webhook-retry"))
        }
    }

    /// A look over the whole table touches 2,000 pages and more, and over the index of a state that is not asked for as many.
    @Test(arguments: [true, false]) func `no list reads more than its reach`(isAnalysed: Bool) async throws {
        try await arrange(120_000, isAnalysed: isAnalysed)
        #expect(try await pagesRead(FindReceiverFigures.statement, []) < 1_500)
        func listing(_ filter: DeliveryFilter, portal: Int32? = nil) -> ListDeliveries {
            ListDeliveries(filter: filter, portalID: portal, limit: 26, reach: 20_000)
        }
        for state in [nil] + WebhookDelivery.State.allCases {
            var filter = DeliveryFilter()
            filter.state = state
            let newest = listing(filter)
            #expect(
                try await pagesRead(newest.statement, newest.parameters) < 700, "\(newest.statement.name)")
            filter.receiver = "https://nobody.example"
            let none = listing(filter, portal: 1)
            let bound = state == .dead || state == .waiting ? 90_000 : 1_500
            #expect(try await pagesRead(none.statement, none.parameters) < bound, "\(none.statement.name)")
            let reach = FindDeliveryReach(listing: newest)
            #expect(try await pagesRead(reach.statement, reach.parameters) < 1_500, "\(reach.statement.name)")
        }
    }
}
