import Administration
import Countersign
import Foundation
import Operations
import Postgres
import Support
import Testing

/// The console's list of requests: what its filters find, and how much it reads for that.
@Suite(.database) struct RequestListTests {
    /// Requests of two portals, a second apart, the first the oldest; with `ended` of the users and devices.
    private func arrange(_ count: Int, isAnalysed: Bool = true) async throws {
        _ = try await ConsolePortal.make()
        _ = try await ConsolePortal.make("other")
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.auth_types (name) VALUES ('payment') ON CONFLICT DO NOTHING;
            INSERT INTO countersign.apps (app_id, login, name) VALUES (1, 'mobile', 'mobile');
            INSERT INTO countersign.enrollments (enrollment_id, app_id, user_id, device_id, status)
            VALUES ('0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', 1, 'zaphod', 'phone-42', 'active');
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, issued_at, resolved_at,
                portal_id, status, auth_type, method, callback_uri, message, reference)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at,
                   at + interval '3 min', CASE WHEN n % 10 = 0 THEN at + interval '3 min' END, at,
                   CASE WHEN n % 10 > 0 THEN at + interval '20 s' END, 1 + (n = 7)::integer,
                   CASE WHEN n % 10 = 0 THEN 'issued' WHEN n = 8 THEN 'failed' ELSE 'expired' END,
                   CASE WHEN n = 9 THEN 'payment' ELSE 'qr-code' END, 'otp', 'https://acme.example/cb', 'x', 'session-' || n
            FROM (SELECT n, now() - (\(count) - n) * interval '10 ms' AS at FROM generate_series(1, \(count)) n) AS x;
            UPDATE countersign.auth_requests
            SET user_id = 'zaphod', device_id = 'phone-42', status = 'authenticated',
                enrollment_id = '0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f' WHERE reference = 'session-6';
            INSERT INTO countersign.events (transaction_id, type, user_id)
            SELECT transaction_id, 'request.authenticated', user_id FROM countersign.auth_requests
            WHERE user_id IS NOT NULL
            """)
        if isAnalysed { try await Database.current.arrangeAsSuperuser("ANALYZE") }
    }

    private func listed(_ page: String) -> [String] {
        page.matches(of: /data-label="Reference">(session-\d+)</).map { String($0.1) }
    }

    @Test(arguments: [
        ("portal=other", ["session-7"]), ("type=payment", ["session-9"]), ("state=failed", ["session-8"]),
        ("state=authenticated", ["session-6"]), ("state=open", ["session-30", "session-20", "session-10"]),
        ("reference=session-12", ["session-12"]), ("user=zaphod", ["session-6"]),
        ("device=phone-42", ["session-6"]), ("user=zaphod&device=phone-42&state=ended", ["session-6"]),
        ("device=phone-43", []), ("user=nobody", []), ("reference=session-12&portal=other", []),
        ("state=failed&until=2026-01-31", []), ("state=failed&since=2026-01-31", ["session-8"]),
        ("state=failed&until=1h", []), ("state=failed&since=1h", ["session-8"]),
        ("state=failed&since=0001-01-01T00:00:00Z&until=9999-12-31T00:00:00Z", ["session-8"]),
        ("reference=%00", Array((6...30).reversed().map { "session-\($0)" })),
    ])
    func `a filter finds its requests`(_ query: String, _ expected: [String]) async throws {
        try await arrange(30)
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("requests?\(query)")
            #expect(listed(page) == expected)
            if expected.isEmpty { #expect(page.contains("No request fits.")) }
            #expect(!page.contains("Look further back"))
        }
    }

    @Test(arguments: [
        ("portal=unknown", "unknown"), ("state=x", "A state is one of open, requested"),
        ("until=2026-02-31", "Until is a number"), ("since=yesterday", "Since is a number and s, m, h or d"),
        ("before=1", "A transaction id is a UUID"),
    ])
    func `a filter that makes no sense is told what is allowed`(_ query: String, _ words: String) async throws
    {
        _ = try await ConsolePortal.make()
        try await withOperations { browser in
            let answer = try await SignedIn(browser).browser.get("/console/requests?\(query)")
            #expect(answer.status == 200 && answer.body.contains(words))
        }
    }

    @Test func `pages follow each other by key, and every one can be sent as a link`() async throws {
        try await arrange(60)
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            var (address, seen) = ("requests?type=qr-code", [String]())
            for size in [25, 25, 9] {
                let page = try await console.page(address)
                #expect(listed(page).count == size)
                seen += listed(page)
                let older = page.firstMatch(of: /href="\/console\/([^"]*)" rel="next">Older/)
                #expect((older == nil) == (size == 9))
                address = older.map { unescapedHTML(String($0.1)) } ?? ""
                #expect(size == 9 || address.hasPrefix("requests?type=qr-code&before="))
            }
            #expect(Set(seen).count == 59)
            // Who opens the link signs in first, and is there.
            let link = "/console/requests?type=payment&reference=session-9"
            let login = try #require(try await browser.get(link).header("location"))
            #expect(login == "/console/login?next=requests%3Ftype%3Dpayment%26reference%3Dsession-9")
            let form = try await browser.get(login).body
            #expect(form.contains("value=\"requests?type=payment&amp;reference=session-9\""))
            let back = try await browser.post(
                "/console/login",
                [
                    ("name", "alice"), ("password", console.password),
                    ("next", "requests?type=payment&reference=session-9"),
                ])
            #expect(back.header("location") == link)
        }
    }

    @Test func `who only looks finds nobody by user or device`() async throws {
        try await arrange(30)
        try await withOperations { browser in
            let watcher = try await SignedIn(browser, as: .viewer)
            for query in ["user=zaphod", "device=phone-42"] {
                let page = try await watcher.page("requests?\(query)")
                #expect(listed(page).isEmpty && page.contains("are for administrators"))
            }
            let page = try await watcher.page("requests")
            #expect(!page.contains(">zaphod<") && !page.contains("name=\"user\""))
            #expect(
                try await SignedIn(browser, name: "bob").page("requests?user=zaphod").contains(">zaphod<"))
        }
    }

    @Test func `what fits rarely is looked for in steps`() async throws {
        try await arrange(45_000)
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            var (address, steps) = ("requests?state=failed", 0)
            while true {
                let page = try await console.page(address)
                steps += 1
                if listed(page) == ["session-8"] { break }
                #expect(listed(page).isEmpty && !page.contains("No request fits"))
                let further = try #require(
                    page.firstMatch(of: /href="\/console\/([^"]*)" rel="next">Look further/))
                address = unescapedHTML(String(further.1))
            }
            #expect(steps == 3)
        }
    }

    /// A look over the whole table touches 7,000 pages and more.
    @Test(arguments: [true, false]) func `no list reads more than its reach`(isAnalysed: Bool) async throws {
        try await arrange(120_000, isAnalysed: isAnalysed)
        var filter = RequestFilter()
        try await expectPages(.all, filter, below: 200)
        try await expectPages(.all, filter, of: 1, below: 200)
        filter.type = "payment"
        try await expectPages(.all, filter, below: 3_000)
        filter.since = Timestamp.now().advanced(by: .seconds(-10))
        try await expectPages(.all, filter, below: 300)
        filter = RequestFilter()
        filter.reference = "session-12"
        try await expectPages(.reference("session-12"), filter, below: 400)
        try await expectPages(.people(["zaphod"], enrollments: nil), RequestFilter(), below: 400)
        let reach = FindReach(
            listing: ListRequests(source: .all, filter: RequestFilter(), portalID: nil))
        #expect(try await pagesRead(reach.statement, reach.parameters) < 3_000)
    }

    private func expectPages(
        _ source: ListRequests.Source, _ filter: RequestFilter, of portal: Int32? = nil, below limit: Int
    ) async throws {
        let listing = ListRequests(source: source, filter: filter, portalID: portal)
        #expect(
            try await pagesRead(listing.statement, listing.parameters) < limit, "\(listing.statement.name)")
    }
}

/// Pages of tables and indexes that a statement of a page looks at, in memory or not: the most of being planned for these
/// parameters and for all.
func pagesRead(_ statement: Statement, _ parameters: [Parameter]) async throws -> Int {
    var session = try await Connection.open(
        OperationsServer.sessionOptions(Database.current.ownerOptions))
    var most = 0
    for mode in ["force_custom_plan", "force_generic_plan"] {
        try await session.execute("SET plan_cache_mode = \(mode)")
        // The first run reads catalogs, too, and any other where a test beside it adds a role: plans are made anew then.
        var read = Int.max
        for _ in 0..<3 {
            let plan = try await session.run(
                Statement("explain", "EXPLAIN (ANALYZE, BUFFERS) " + statement.sql), parameters
            ).map { try $0.text(0) }.joined(separator: "\n")
            let hits = try #require(plan.firstMatch(of: /Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?/))
            read = min(read, [hits.1, hits.2].reduce(0) { $0 + ($1.flatMap { Int($0) } ?? 0) })
        }
        most = max(most, read)
    }
    return most
}
