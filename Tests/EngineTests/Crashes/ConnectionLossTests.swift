import Countersign
import Postgres
import Support
import Testing

/// Whatever connection a worker loses, and when: everything is finished, and nothing happens twice.
@Suite(.database) struct ConnectionLossTests {
    @Test func `every connection may be terminated at any time`() async throws {
        let site = try await Site.make()
        let rows = 8_000
        try await withWorker(batchSize: 50) { _ in
            try await site.load(rows)
            var superuser = try await Database.current.connectAsSuperuser()
            let waiting = "SELECT count(*) FROM countersign.auth_requests WHERE status = 'requested'"
            var killed = 0
            repeat {
                killed += try await superuser.run(Self.terminateOne)[0].int(0)
                try await superuser.execute("SELECT pg_sleep(0.02)")
            } while try await superuser.run(Statement("waiting", waiting))[0].int(0) > 0 && killed < 200
            #expect(killed > 0)
            _ = try await superuser.run(Self.terminateAll)
            try await Database.current.wait(until: waiting, is: 0)

            // All stages are back: a whole sign-in, and an expiry.
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let transaction = try await portal.request()
            let code = try await portal.code(transaction)
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
            let expiring = try await portal.request()
            try await portal.waitUntilIssued(expiring)
            try await Database.current.makeDue(expiring)
            try await eventually("it expires") { try await portal.status(expiring) == "expired" }
        }
        let database = Database.current
        #expect(try await database.count("SELECT count(*) FROM countersign.otp_secrets") == rows)
        #expect(try await database.count("SELECT count(*) FROM countersign.issue_queue") == 0)
        let mismatched = """
            SELECT count(*) FROM countersign.auth_requests r JOIN countersign.otp_secrets o USING (transaction_id)
            WHERE r.secret_digest IS DISTINCT FROM sha256(o.secret)
            """
        #expect(try await database.count(mismatched) == 0)
    }

    private static let workers = """
        FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'countersign %'
        """
    private static let terminateOne = Statement(
        "terminate one",
        "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM (SELECT pid \(workers) ORDER BY random() LIMIT 1) x"
    )
    private static let terminateAll = Statement(
        "terminate all", "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) \(workers)")

    @Test func `two workers share a backlog while a snapshot is held`() async throws {
        let site = try await Site.make()
        let other = try await Site.make("other")
        var holder = try await Database.current.connectAsSuperuser()
        try await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        try await site.load(6_000)
        try await other.load(1)
        try await withWorker(stages: [.issue]) { _ in
            try await withWorker(stages: [.issue]) { _ in
                let waiting = "SELECT count(*) FROM countersign.auth_requests WHERE status = 'requested'"
                try await Database.current.wait(until: waiting, is: 0)
            }
        }
        try await holder.execute("COMMIT")
        #expect(try await Database.current.count("SELECT count(*) FROM countersign.otp_secrets") == 6_001)
        // One portal's single row does not stand behind another's thousands.
        let before = """
            SELECT count(*) FROM countersign.auth_requests
            WHERE issued_at < (SELECT issued_at FROM countersign.auth_requests WHERE portal_id = \(other.portalID))
            """
        #expect(try await Database.current.count(before) < 2_000)
    }
}
