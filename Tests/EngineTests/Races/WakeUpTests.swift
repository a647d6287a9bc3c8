import Countersign
import Postgres
import Support
import Testing

/// No wake-up is lost. The poll is a minute here, so a row that nobody was rung for would wait for it.
@Suite(.database) struct WakeUpTests {
    @Test(arguments: [1, 2]) func `every insert is seen`(workers: Int) async throws {
        let site = try await Site.make()
        try await running(workers) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<4 { group.addTask { try await insert(site, client) } }
                try await group.waitForAll()
            }
            let waiting = "SELECT count(*) FROM countersign.auth_requests WHERE status = 'requested'"
            try await Database.current.wait(until: waiting, is: 0)
        }
        var owner = try await Database.current.connect()
        let longest = try await owner.run(
            Statement(
                "longest",
                """
                SELECT max(date_part('epoch', issued_at - requested_at)), count(*)
                FROM countersign.auth_requests WHERE reference = 'single'
                """))[0]
        #expect(try longest.int(1) == 4 * 250)
        print("longest wait of \(try longest.int(1)) inserts: \(try longest.double(0)) s, \(workers) workers")
        #expect(try longest.double(0) < 20)
    }

    private func running(_ workers: Int, _ body: () async throws -> Void) async throws {
        if workers == 0 { return try await body() }
        try await withWorker(stages: [.issue], poll: .seconds(60)) { _ in
            if workers == 1 { try await body() } else { try await running(workers - 1, body) }
        }
    }

    /// Single inserts at random moments, some between others that are held open, undone, or in a savepoint.
    private func insert(_ site: Site, _ client: Int) async throws {
        var portal = try await site.portal()
        for round in 0..<250 {
            _ = try await portal.request("single")
            try await portal.execute("SELECT pg_sleep(random() * 0.004)")
            guard round % 10 == client else { continue }
            try await portal.execute("BEGIN")
            _ = try await portal.request("held open")
            try await portal.execute("SAVEPOINT s")
            _ = try await portal.request("undone")
            try await portal.execute("ROLLBACK TO s; SELECT pg_sleep(random() * 0.05)")
            try await portal.execute(round % 20 == client ? "COMMIT" : "ROLLBACK")
        }
    }

    /// The worker sleeps until the earliest due time: the poll, a minute here, has nothing to do with it.
    @Test func `expiry is precise`() async throws {
        let site = try await Site.make()
        try await site.load(40)
        try await withWorker(stages: [.issue]) { _ in
            let waiting = "SELECT count(*) FROM countersign.auth_requests WHERE status = 'requested'"
            try await Database.current.wait(until: waiting, is: 0)
        }
        try await Database.current.arrange(
            """
            UPDATE countersign.auth_requests SET expires_at = due, open_until = due
            FROM (SELECT transaction_id AS id, clock_timestamp() + '1500 ms' + random() * interval '2 s' AS due
                  FROM countersign.auth_requests) AS moments
            WHERE transaction_id = id
            """)
        try await withWorker(stages: [.expire], poll: .seconds(60)) { _ in
            let open = "SELECT count(*) FROM countersign.auth_requests WHERE open_until IS NOT NULL"
            try await Database.current.wait(until: open, is: 0)
        }
        let latest = """
            SELECT (max(date_part('epoch', resolved_at - expires_at)) * 1000)::integer FROM countersign.auth_requests
            """
        let milliseconds = try await Database.current.count(latest)
        print("latest expiry: \(milliseconds) ms after its time")
        #expect(milliseconds < 10_000)  // promised: 200 ms when idle; other tests run beside this one
        let early = "SELECT count(*) FROM countersign.auth_requests WHERE resolved_at < expires_at"
        #expect(try await Database.current.count(early) == 0)
    }
}
