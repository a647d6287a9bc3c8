import Administration
import Countersign
import Operations
import Postgres
import Support
import Testing

/// One request's page: what happened in which order, and what can be done.
@Suite(.database) struct RequestPageTests {
    /// A request that was scanned after a refused answer, was confirmed, and whose webhook died.
    private func arrange() async throws -> Identifier {
        _ = try await ConsolePortal.make()
        let id = try #require(Identifier("0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f"))
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.apps (app_id, login, name) VALUES (1, 'mobile', 'mobile');
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, issued_at, scanned_at,
                resolved_at, portal_id, app_id, status, auth_type, method, callback_uri, message, reference, user_id)
            SELECT '\(id)', at, at + interval '3 min', at + interval '4 ms', at + interval '2254 ms',
                   at + interval '65 s', 1, 1, 'authenticated', 'qr-code', 'otp', 'https://acme.example/cb', 'x',
                   'session-42', 'zaphod' FROM (SELECT countersign.uuid_time('\(id)') AS at) AS x;
            INSERT INTO countersign.submissions (submission_id, submitted_at, resolved_at, app_id, status, reason, detail,
                action, transaction_id)
            SELECT '\(id)', countersign.uuid_time('\(id)'), countersign.uuid_time('\(id)'), 1, 'rejected',
                   'stale_signature', 'it is 12:00 here', 'scan', '\(id)';
            INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, finished_at, portal_id, status,
                request_status, callback_uri, attempts)
            SELECT '\(id)', at, at + interval '90 s', 1, 'dead', 'authenticated', 'https://acme.example/cb', 2
            FROM (SELECT countersign.uuid_time('\(id)') AS at) AS x;
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms, status_code,
                error_class, detail, body)
            SELECT '\(id)', n, countersign.uuid_time('\(id)'), 17, 404, 'status', 'it answered 404', 'gone <away>'
            FROM generate_series(1, 2) n;
            INSERT INTO countersign.dead_deliveries VALUES ('\(id)', now(), 1);
            INSERT INTO countersign.events (event_id, transaction_id, type, user_id)
            VALUES ('\(id)', '\(id)', 'request.authenticated', 'zaphod')
            """)
        return id
    }

    @Test func `it tells everything in order, with the time between`() async throws {
        let id = try await arrange()
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("requests?id=\(id)")
            let steps = page.matches(
                of: /<li class="\w+"><strong>([^<]*)<\/strong> (?:<span class="gap">([^<]*)<)?/)
            #expect(
                steps.map { "\($0.1) \($0.2 ?? "")" } == [
                    "asked ", "issued + 4 ms", "collected ", "scanned + 2.25 s", "authenticated + 1 min 2 s",
                    "given up + 25.00 s",
                ])
            for words in [
                "<code>stale_signature</code> the device&#39;s clock is more than 5 minutes off",
                "it is 12:00 here",
                "it answered 404", "gone &lt;away&gt;", "request.authenticated", "data-copy=\"session-42\"",
                "zaphod", "data-live=\"/console/live/requests?id=\(id)\"",
            ] { #expect(page.contains(words), "\(words)") }
        }
    }

    @Test func `who only looks sees neither user nor what was answered`() async throws {
        let id = try await arrange()
        try await withOperations { browser in
            let page = try await SignedIn(browser, as: .viewer).page("requests?id=\(id)")
            #expect(page.contains("stale_signature") && page.contains("404"))
            for words in ["zaphod", "gone", "it is 12:00", "webhook-retry"] { #expect(!page.contains(words)) }
        }
    }

    @Test func `its webhook is sent again from there, and the page stays`() async throws {
        let id = try await arrange()
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let done = try await console.press(
                "webhook-retry", on: "requests?id=\(id)", form: "webhook-retry-\(id)")
            let address = try #require(done.header("location"))
            #expect(address.hasPrefix("/console/requests?id=\(id)&notice="))
            let page = try await console.browser.get(address).body
            #expect(page.contains("sending \(id)") && page.contains("Next attempt"))
        }
    }

    @Test func `a code that waits for its portal is said to`() async throws {
        let site = try await ConsolePortal.make()
        var portal = try await site.portal()
        let id = try await portal.run(ConsolePortal.insert)[0].identifier(0)
        try await withWorker(stages: [.issue]) { _ in
            try await withOperations { browser in
                let console = try await SignedIn(browser)
                try await eventually("it is issued") {
                    try await console.page("requests?id=\(id)").contains("not collected yet")
                }
                #expect(try await !portal.run(ConsolePortal.awaitOTP, [.identifier(id)])[0].isNull(0))
                let page = try await console.page("requests?id=\(id)")
                #expect(page.contains("<strong>collected</strong>") && !page.contains("not collected yet"))
            }
        }
    }
}
