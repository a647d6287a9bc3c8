import Administration
import Countersign
import Operations
import Postgres
import Support
import Testing

/// The first page: one state made of everything, and each thing with its age, its size and what to do.
@Suite(.database) struct OverviewTests {
    /// Workers of every stage that are alive for an hour.
    private func work() async throws {
        try await Database.current.arrange(
            """
            INSERT INTO countersign.workers (worker_id, heartbeat_at, process_id, program, host) VALUES
                ('0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', clock_timestamp() + interval '1 hour', 4711, 5, 'w');
            INSERT INTO countersign.worker_stages (worker_id, stage)
            SELECT '0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', s.stage FROM countersign.stage_controls s
            """)
    }

    /// Deliveries of acme to two receivers that died, `count` of the first and one of the second.
    private func die(_ count: Int) async throws {
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, finished_at, portal_id, status,
                request_status, callback_uri, attempts)
            SELECT countersign.uuid_v7(), now(), now(), 1, 'dead', 'expired',
                   CASE WHEN n > 0 THEN 'https://Dead.example/cb?n=' ELSE 'https://late.example/' END || n, 1
            FROM generate_series(0, \(count)) n;
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms, status_code,
                error_class, detail)
            SELECT transaction_id, 1, now(), 17, 404, 'status', 'it answered 404'
            FROM countersign.webhook_deliveries;
            INSERT INTO countersign.dead_deliveries
            SELECT transaction_id, now() - interval '2 hours', portal_id FROM countersign.webhook_deliveries
            """)
    }

    private func state(_ page: String) -> String? {
        page.firstMatch(of: /<h1 class="state (\w+)"><strong>([^<]*)</).map { String($0.2) }
    }

    private func concerns(_ page: String) -> [String] {
        let form = /<div class="told"><strong>([^<]*)<\/strong> <span class="whom">(?:<a [^>]*>)?([^<]*)</
        return page.matches(of: form).map { "\($0.1): \($0.2)" }
    }

    @Test func `each thing that hurts is there, with what to do`() async throws {
        _ = try await ConsolePortal.make()
        try await work()
        try await die(150)
        try await act("stage pause", "dispatch")
        try await act("portal pause", "acme")
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.webhook_endpoints (portal_id, origin, state, changed_at, open_until, failing_since, reason)
            VALUES (1, 'https://slow.example', 'open', now(), now() + interval '1 min', now() - interval '3 min', 'timeout');
            UPDATE countersign.worker_stages SET errors = 7 WHERE stage = 'validate';
            INSERT INTO countersign.queue_history (minute, stage, waiting, done, errors)
            VALUES (date_trunc('minute', now() - interval '4 min'), 'validate', 0, 0, 2);
            UPDATE countersign.settings SET enrollment_enabled = false
            """)
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("overview")
            let found = concerns(page)
            for concern in [
                "Paused stage: dispatch", "Paused portal: acme", "Switched off: enrollment_enabled",
                "Dead webhooks: acme at https://dead.example", "Dead webhooks: acme at https://late.example",
                "Open breaker: acme at https://slow.example", "Failing batches: validate",
            ] { #expect(found.contains(concern), "\(concern)") }
            for words in [
                ">150 not delivered<", "The last one: it answered 404.", ">Replay 150<", ">2 h ago<",
                ">5 in the last five minutes<", ">Resume<",
            ] { #expect(page.contains(words), "\(words)") }
            #expect(state(page) == "Needs you")
        }
    }

    @Test func `webhooks that our own rules refuse are not blamed on the receiver`() async throws {
        _ = try await ConsolePortal.make()
        try await die(1)
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            UPDATE countersign.webhook_attempts a SET status_code = NULL, error_class = 'address',
                detail = 'refused: port 9000 is not allowed; the workers'' option --allow-ports opens it'
            FROM countersign.webhook_deliveries d
            WHERE d.transaction_id = a.transaction_id AND d.callback_uri LIKE 'https://late.example%'
            """)
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("overview")
            let advice = page.matches(of: /(?s)<strong>Dead webhooks<.*?<\/p>/).map { String($0.output) }
            let refused = advice.filter { $0.contains("port 9000 is not allowed") }
            #expect(refused.count == 1 && advice.count == 2)
            for advice in advice {
                let isOurs = advice.contains("late.example")
                #expect(advice.contains("--allow-ports") == isOurs)
                #expect(advice.contains("own rules that refuse the address") == isOurs)
                #expect(advice.contains("Once the receiver works again") != isOurs)
            }
        }
    }

    @Test func `a pause says who did it and when, and leads to its row`() async throws {
        _ = try await ConsolePortal.make()
        try await act("stage pause", "expire")
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            UPDATE countersign.stage_controls SET paused_at = now() - interval '2 hours' WHERE stage = 'expire'
            """)
        let admin = try await Database.current.makeLogin("admin", in: .admin)
        try await withOperations(Database.current.options(login: admin)) { browser in
            let console = try await SignedIn(browser, name: "anna")
            _ = try await console.press("stage-pause", on: "queues", form: "stage-pause-dispatch")
            _ = try await console.press("portal-pause", on: "portals", form: "portal-pause-acme")
            let page = try await console.page("overview")
            for (row, name) in [("queues#row-dispatch", "dispatch"), ("portals#row-acme", "acme")] {
                #expect(page.contains("<a href=\"/console/\(row)\">\(name)</a>"), "\(row)")
            }
            #expect(page.matches(of: />by anna<\/span> <span class="size"><time [^>]*>\d+ s ago</).count == 2)
            let login = try await owner()
            #expect(page.contains(try Regex(">by \(login)</span> <span class=\"size\"><time [^>]*>2 h ago<")))
            for (list, row) in [("queues", "dispatch"), ("portals", "acme")] {
                let body = try await console.page(list)
                #expect(body.contains(try Regex("(?s)id=\"row-\(row)\".*?>paused</strong> by anna <time ")))
            }
            _ = try await console.press("portal-resume", on: "portals", form: "portal-resume-acme")
            #expect(try await !console.page("portals").contains("by anna"))
        }
    }

    /// The login that acts outside the console.
    private func owner() async throws -> String {
        var owner = try await Database.current.connect()
        return try await owner.execute("SELECT session_user::text")[0].text(0)
    }

    @Test(arguments: [
        ("DELETE FROM countersign.workers", "No worker: all stages"),
        ("DELETE FROM countersign.worker_stages WHERE stage = 'issue'", "Stage without a worker: issue"),
        (
            "UPDATE countersign.settings SET mobile_authentication_enabled = false",
            "Switched off: mobile_authentication_enabled"
        ),
        (
            "UPDATE countersign.stage_controls SET paused = true WHERE stage = 'validate'",
            "Paused stage: validate"
        ),
        (
            "INSERT INTO countersign.issue_queue SELECT portal_id, 0, countersign.uuid_floor(now() - interval '31 s') FROM countersign.portals",
            "Late stage: issue"
        ),
    ])
    func `without it nobody signs in`(_ fault: String, _ concern: String) async throws {
        _ = try await ConsolePortal.make()
        try await work()
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            #expect(try await state(console.page("overview")) != "Down")
            try await Database.current.arrangeAsSuperuser("SET session_replication_role = replica; \(fault)")
            let page = try await console.page("overview")
            #expect(state(page) == "Down" && concerns(page).contains(concern))
            #expect(concerns(page).first == concern)
            #expect(page.contains("nobody can sign in") || concern.hasPrefix("Switched"))
        }
    }

    @Test(arguments: [
        ("UPDATE countersign.portals SET paused = true", "Paused portal: acme"),
        ("UPDATE countersign.portals SET enabled = false", "Disabled portal: acme"),
        ("UPDATE countersign.portals SET over_limit = true", "Portal over its limit: acme"),
    ])
    func `why a portal's visitors cannot sign in is said in those words`(_ fault: String, _ concern: String)
        async throws
    {
        _ = try await ConsolePortal.make()
        try await work()
        try await Database.current.arrangeAsSuperuser("SET session_replication_role = replica; \(fault)")
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("overview")
            #expect(concerns(page).first == concern && page.contains("Its visitors cannot sign in: "))
        }
    }

    @Test func `webhooks that a restore holds are there until they are released`() async throws {
        _ = try await ConsolePortal.make()
        try await work()
        try await Database.current.arrange("SELECT countersign.declare_epoch()")
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let page = try await console.page("overview")
            #expect(concerns(page).contains("History has gone back: webhooks are held"))
            #expect(page.contains(">countersign restored<") && page.contains("an operator says so"))
            #expect(state(page) == "Needs you")
            try await Database.current.arrange(
                "UPDATE countersign.settings SET resume_after_restore = false")
            let held = try await console.page("overview")
            #expect(concerns(held).contains("History has gone back: nobody works") && state(held) == "Down")
            try await Database.current.arrange("SELECT countersign.release_epoch(true)")
            #expect(try await !concerns(console.page("overview")).contains { $0.hasPrefix("History") })
        }
    }

    @Test func `a replay sends what it says, and nothing of another receiver`() async throws {
        _ = try await ConsolePortal.make()
        try await die(3)
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let page = try await console.page("overview")
            let form = try #require(
                page.firstMatch(of: /id="form-(webhook-replay-acme-https:\/\/dead\.example-[^"]*)"/)
            ).1
            let done = try await console.press("webhook-replay", on: "overview", form: String(form))
            let address = try #require(done.header("location"))
            let told = try await console.browser.get(address).body
            #expect(told.contains("sending 3 deliveries of portal acme again"))
            #expect(
                concerns(told).filter { $0.hasPrefix("Dead") } == [
                    "Dead webhooks: acme at https://late.example"
                ])
        }
        #expect(try await count("countersign.dispatch_queue WHERE origin = 'https://dead.example'") == 3)
        #expect(try await count("countersign.dispatch_queue") == 3)
    }

    @Test func `the doctor is asked meanwhile, and nobody waits for it`() async throws {
        try await work()
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("GRANT SELECT ON countersign.settings TO PUBLIC")
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            #expect(try await console.page("overview").contains("The doctor is being asked."))
            try await eventually("it has answered") {
                let page = try await console.page("overview")
                return page.contains("The doctor was asked <time")
                    && concerns(page).contains { $0.hasPrefix("Doctor: ") && $0.contains("PUBLIC") }
            }
        }
    }

    @Test func `who only looks sees what hurts, and no button`() async throws {
        _ = try await ConsolePortal.make()
        try await die(3)
        try await withOperations { browser in
            let page = try await SignedIn(browser, as: .viewer).page("overview")
            #expect(concerns(page).contains("Dead webhooks: acme at https://dead.example"))
            #expect(!page.contains("webhook-replay"))
        }
    }

    /// Ten thousand deliveries are looked at: more is another morning's work.
    @Test func `what died is counted within bounds`() async throws {
        _ = try await ConsolePortal.make()
        try await die(3_000)
        try await withOperations { browser in
            let page = try await SignedIn(browser).page("overview")
            #expect(page.contains(/>(999|1000) or more not delivered</))
        }
    }
}
