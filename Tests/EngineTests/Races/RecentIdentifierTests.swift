import Countersign
import Engine
import Postgres
import Support
import Testing

/// Plans are made for the days that work is done on. Whatever lies outside, because it is old or because the plan is,
/// is found all the same.
@Suite(.database) struct RecentIdentifierTests {
    @Test(arguments: [-40, 40, 2]) func `a sign-in with plans of another day`(days: Int) async throws {
        let site = try await Site.make()
        try await Database.current.plan(days: days)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            for end in ["accept", "deny"] {
                let (transaction, code) = try await portal.issued()
                #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
                #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
                let answer = try await app.submit(enrollment, code, end)
                #expect(answer.result == "accepted", "\(answer.reason ?? "")")
                #expect(try await app.submit(enrollment, code, end).reason == "already_used")
                #expect(
                    try await portal.status(transaction) == (end == "accept" ? "authenticated" : "denied"))
            }
            let wrong = try await app.submit(enrollment, Code.invented(), "accept")
            #expect(wrong.reason == "unknown_code")
            let cancelled = try await portal.request()
            #expect(try await portal.cancel(cancelled))
            let expired = try await portal.request()
            try await portal.waitUntilIssued(expired)
            try await Database.current.makeDue(expired)
            try await eventually("it has expired") { try await portal.status(expired) == "expired" }
        }
        let ends = "SELECT count(*) FROM countersign.dispatch_queue"
        #expect(try await Database.current.count(ends) == 4)
    }

    /// The batch that is refused because its verdict is of another day has done nothing, and is done once more.
    @Test func `a verdict of another day than the plan is written once`() async throws {
        let site = try await Site.make()
        var app = try await site.app()
        let enrollment = try await withWorkerLogin(stages: [.enroll]) { _ in try await app.enroll("alice") }
        var stage = ValidateStage(try CryptoThreads(size: 1), .ofTests)
        var session = try await Connection.open(try await Database.current.stageOptions())
        let invented: [Parameter] = [.identifier(enrollment), .text(Code.invented()), "accept"]
        // From the first batch on it expects answers without signatures, and judges them as it claims them.
        for wrong in 1...2 {
            let id = try await app.run(SQL.submit, invented)[0].identifier(0)
            let outcome = try await stage.runBatch(&session, prelude: [], limit: 10).outcome
            #expect(outcome.rows == 1)
            #expect(try await app.outcome(id).optionalText(1) == "unknown_code")
            let counted = "SELECT sum(cardinality(wrong_codes)) FROM countersign.enrollments"
            #expect(try await Database.current.count(counted) == wrong)
            let events = "SELECT count(*) FROM countersign.events WHERE type = 'submission.rejected'"
            #expect(try await Database.current.count(events) == wrong)
            try await Database.current.plan(days: 2)
            try await session.execute("DISCARD PLANS")
        }
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.validate_queue") == 0)
    }

    /// It asks for many at once.
    @Test func `the gateway is told the prompt of a scan with plans of another day`() async throws {
        let site = try await Site.make()
        try await Database.current.plan(days: 2)
        let login = try await Database.current.makeLogin("gateway", in: .gateway)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (_, code) = try await portal.issued()
            let id = try await app.run(SQL.submit, [.identifier(enrollment), .text(code), "scan"])[0]
                .identifier(0)
            let shown = try await app.outcome(id).text(2)
            var gateway = try await Database.current.connect(as: login)
            let outcomes = Statement("outcomes", "SELECT prompt FROM countersign.find_outcomes($1, $2)")
            let found = try await gateway.run(outcomes, [.text("acme-app"), .identifiers([id])])
            #expect(try found[0].optionalText(0) == shown)
        }
    }

    @Test func `a browser is known after a sign-in with plans of another day`() async throws {
        let site = try await Site.make()
        try await Database.current.plan(days: 2)
        let start = Statement(
            "start with browser",
            """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri, browser_id)
            VALUES ('qr-code', '\(Site.callback)', 'cookie-of-128-random-bits') RETURNING transaction_id
            """)
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let code = try await portal.code(try await portal.run(start)[0].identifier(0))
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
        }
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.known_browsers") == 1)
    }

    /// As an outage of a day leaves it: open, and older than any plan looks back.
    @Test func `what an outage has left`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange(
            """
            SELECT countersign.create_partition(name, current_date - 2)
            FROM unnest(ARRAY['auth_requests', 'submissions', 'webhook_deliveries']) AS name;
            INSERT INTO countersign.auth_requests (transaction_id, portal_id, auth_type, callback_uri)
            SELECT overlay(countersign.uuid_v7()::text PLACING
                           left(countersign.uuid_floor(now() - interval '2 days')::text, 13) FROM 1)::uuid,
                   \(site.portalID), 'qr-code', '\(Site.callback)'
            FROM generate_series(1, 3)
            """)
        try await withWorkerLogin(stages: [.issue, .enroll, .validate]) { _ in
            var portal = try await site.portal()
            let ids = try await portal.execute("SELECT transaction_id FROM countersign.auth_results").map {
                try $0.identifier(0)
            }
            let codes = try await [portal.code(ids[0]), portal.code(ids[1])]
            #expect(codes.allSatisfy { $0.utf8.count == 64 })
            #expect(try await portal.collect(ids[0]) == nil)
            #expect(try await portal.cancel(ids[0]))
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            #expect(try await app.submit(enrollment, codes[1], "accept").result == "accepted")
        }
        try await Database.current.arrange(
            "UPDATE countersign.auth_requests SET expires_at = now(), open_until = now() WHERE open_until IS NOT NULL"
        )
        try await withWorker(stages: [.expire]) { _ in
            let expired = "SELECT count(*) FROM countersign.auth_requests WHERE status = 'expired'"
            try await Database.current.wait(until: expired, is: 1)
        }
    }

    /// The code is skipped by whoever ends the request, because somebody holds it, and lives on when he gives it back.
    @Test func `a code that was being collected when its request ended`() async throws {
        let site = try await Site.make()
        try await withWorkerLogin(stages: [.issue]) { _ in
            var collector = try await site.portal()
            var portal = try await site.portal()
            let id = try await portal.request()
            try await portal.waitUntilIssued(id)
            try await collector.execute("BEGIN")
            #expect(try await collector.collect(id) != nil)
            #expect(try await portal.cancel(id))
            try await collector.execute("ROLLBACK")
            #expect(try await Database.current.count("SELECT count(*) FROM countersign.otp_secrets") == 1)
            #expect(try await portal.collect(id) == nil)
            #expect(try await portal.run(SQL.await_, [.identifier(id)])[0].optionalText(0) == nil)
        }
    }
}
