import Administration
import Countersign
import Foundation
import Operations
import Postgres
import Support
import Testing

/// The console's audit trail: what its filters find, its export, and how much it reads.
@Suite(.database) struct EventsPageTests {
    /// Events 10 ms apart, the first the oldest: every tenth of a user, every hundredth of another type.
    private func arrange(_ count: Int, isAnalysed: Bool = true) async throws {
        _ = try await ConsolePortal.make()
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.apps (app_id, login, name) VALUES (1, 'mobile', 'mobile');
            DELETE FROM countersign.events;
            INSERT INTO countersign.events (event_id, occurred_at, type, portal_id, app_id, user_id, transaction_id, details)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at,
                   CASE WHEN n % 100 = 0 THEN 'submission.rejected' ELSE 'request.authenticated' END,
                   CASE WHEN n % 2 = 0 THEN 1 END, 1, CASE WHEN n % 10 = 0 THEN 'zaphod' END,
                   ('0198c2f4-5b1e-7c3a-9f00-' || lpad(n::text, 12, '0'))::uuid,
                   jsonb_build_object('number', n, 'reason', 'stale_signature', 'evidence', jsonb_build_object('signed', 'a' || chr(10)))
            FROM (SELECT n, now() - (\(count) - n) * interval '10 ms' AS at FROM generate_series(1, \(count)) n) AS x
            """)
        if isAnalysed { try await Database.current.arrangeAsSuperuser("ANALYZE") }
    }

    private func listed(_ page: String) -> [Int] {
        page.matches(of: /number=(\d+) reason=/).compactMap { Int($0.1) }
    }

    @Test(arguments: [
        ("user=zaphod", [200, 190, 180]), ("type=submission", [200, 100]),
        ("type=submission.rejected&user=zaphod", [200, 100]),
        ("transaction=0198c2f4-5b1e-7c3a-9f00-000000000007", [7]),
        ("portal=acme&transaction=0198c2f4-5b1e-7c3a-9f00-000000000007", []),
        ("until=1h", []), ("portal=acme", [200, 198, 196]),
    ])
    func `a filter finds its events`(_ query: String, _ first: [Int]) async throws {
        try await arrange(200)
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("events?\(query)&since=1d")
            #expect(Array(listed(page).prefix(first.count)) == first)
            #expect(page.contains("No event fits.") == first.isEmpty)
        }
    }

    @Test func `pages follow each other, and the evidence is there`() async throws {
        try await arrange(60)
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            var (address, seen) = ("events?type=request", [Int]())
            while !address.isEmpty {
                let page = try await console.page(address)
                seen += listed(page)
                #expect(page.contains("&quot;signed&quot; : &quot;a"))
                address =
                    page.firstMatch(of: /href="\/console\/([^"]*)" rel="next">Older/)
                    .map { unescapedHTML(String($0.1)) } ?? ""
            }
            #expect(seen == Array((1...60).reversed()))
            #expect(try await console.page("events?type=nonsense").contains("There is no event type"))
        }
    }

    @Test func `an export has a line for each event that the filter finds`() async throws {
        try await arrange(2_500)
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let answer = try await console.browser.get("/console/export/events?portal=acme")
            #expect(answer.header("content-type") == "application/jsonl; charset=utf-8")
            #expect(answer.header("content-disposition")?.contains("events.jsonl") == true)
            let numbers = try answer.body.split(separator: "\n").map { line -> Int in
                let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                #expect(event?["portal"] as? String == "acme")
                let details = event?["details"] as? [String: Any]
                return details?["number"] as? Int ?? 0
            }
            #expect(numbers == Array(stride(from: 2_500, to: 0, by: -2)))
            #expect(
                try await browser.get("/console/export/events").header("location")
                    == "/console/login?next=events")
        }
    }

    /// Its session goes while the first part is read.
    @Test func `an export that may not go on is not taken for a whole one`() async throws {
        try await arrange(2_500)
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            var other = try await Database.current.connectAsSuperuser()
            try await other.execute("BEGIN; LOCK TABLE countersign.events IN ACCESS EXCLUSIVE MODE")
            let asking = Task { try await console.browser.get("/console/export/events") }
            var watcher = try await Database.current.connectAsSuperuser()
            try await eventually("the first part waits") {
                try await watcher.execute(
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name = 'countersign operations'
                      AND wait_event_type = 'Lock'
                    """)[0].int(0) > 0
            }
            try await other.execute("DELETE FROM countersign.operator_sessions; COMMIT")
            await #expect(throws: (any Error).self) { try await asking.value }
        }
    }

    /// Of all 120,000 it would be 9,000 pages.
    @Test(arguments: [true, false]) func `no list reads more than its reach`(isAnalysed: Bool) async throws {
        try await arrange(120_000, isAnalysed: isAnalysed)
        func pages(_ change: (inout AuditEvent.Filter) -> Void) async throws -> Int {
            var filter = AuditEvent.Filter(limit: 26)
            change(&filter)
            let listing = ListEvents(filter: filter, portalID: nil)
            let reach = FindEventReach(listing: listing)
            return max(
                try await pagesRead(listing.statement, listing.parameters),
                try await pagesRead(reach.statement, reach.parameters))
        }
        #expect(try await pages { _ in } < 3_500)
        #expect(try await pages { $0.types = ["epoch"] } < 3_500)
        #expect(try await pages { $0.userID = "nobody" } < 50)
        #expect(
            try await pages { $0.transactionID = Identifier("0198c2f4-5b1e-7c3a-9f00-000000000007") } < 50)
    }
}
