import Postgres
import Support
import Testing

@Suite(.database) struct StatusCommandTests {
    @Test func `the queues of an idle installation`() async throws {
        let shell = try await Shell.member(of: .monitor)
        let status = try await shell.succeed("status", "--json").json(as: [String: Any].self)
        let queues = try #require(status["queues"] as? [[String: Any]])
        let stages = ["enroll", "issue", "validate", "expire", "dispatch", "housekeep"]
        #expect(queues.map { $0["stage"] as? String } == stages)
        #expect(queues.allSatisfy { $0["waiting"] as? Int == 0 })
        #expect((status["workers"] as? [Any])?.isEmpty == true)
        let text = try await shell.succeed("status").output
        #expect(text.contains("No worker is running."))
        #expect(text.hasPrefix("STAGE"))
    }

    @Test func `what waits and who works`() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.portals (login, name, display_name, signing_secret) VALUES ('a', 'a', 'a', '');
            INSERT INTO countersign.issue_queue (portal_id, transaction_id)
            SELECT 1, countersign.uuid_floor(clock_timestamp() - interval '90 s') UNION ALL
            SELECT 1, countersign.uuid_v7() FROM generate_series(1, 41);
            INSERT INTO countersign.workers (worker_id, process_id, program, draining, host, heartbeat_at)
            VALUES ('0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', 4711, 1, true, 'machine',
                    clock_timestamp() + interval '1 hour'),
                   (countersign.uuid_v7(), 4712, 1, false, 'gone', clock_timestamp() - interval '1 minute');
            INSERT INTO countersign.worker_stages
            VALUES ('0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', 'issue', 7, 1234, 2);
            """)
        let shell = try await Shell.member(of: .monitor)
        let status = try await shell.succeed("status", "--json").json(as: [String: Any].self)
        let issue = try #require((status["queues"] as? [[String: Any]])?[1])
        #expect(issue["waiting"] as? Int == 42)
        #expect(issue["in_flight"] as? Int == 7)
        #expect(issue["done_last_minute"] as? Int == 1234)
        let workers = try #require(status["workers"] as? [[String: Any]])
        #expect(workers.map { $0["host"] as? String } == ["machine"])
        #expect(workers[0]["draining"] as? Bool == true)
        #expect(workers[0]["program"] as? Int == 1)
        #expect(workers[0]["stages"] as? [String] == ["issue"])
        let text = try await shell.succeed("status").output
        #expect(text.contains(/[1-9] min/), "the oldest row, for how long")
        #expect(text.contains("machine") && !text.contains("gone"))
    }

    @Test func `what is paused`() async throws {
        let database = Database.current
        let admin = try await Shell.member(of: .admin, key: .make())
        try await admin.succeed("portal", "add", "acme", "--role", database.unique("acme"))
        try await admin.succeed("portal", "add", "beta", "--role", database.unique("beta"))
        try await admin.succeed("portal", "pause", "beta")
        try await admin.succeed("stage", "pause", "dispatch")
        let shell = try await Shell.member(of: .monitor)
        let text = try await shell.succeed("status").output
        #expect(text.contains("\nPaused portals, whose rows wait: beta.\n"))
        let status = try await shell.succeed("status", "--json").json(as: [String: Any].self)
        #expect(status["paused_portals"] as? [String] == ["beta"])
        let queues = try #require(status["queues"] as? [[String: Any]])
        let paused = queues.filter { $0["paused"] as? Bool == true }
        #expect(paused.map { $0["stage"] as? String } == ["dispatch"])
        for (list, name) in [("stage", "dispatch"), ("portal", "beta")] {
            let rows = try await shell.succeed(list, "list", "--json").json(as: [[String: Any]].self)
            let told = rows.filter { $0["paused_by"] is String && $0["paused_since"] is String }
            #expect(told.compactMap { $0["stage"] as? String ?? $0["name"] as? String } == [name])
        }
        let doctor = try await shell.run("doctor").output
        #expect(doctor.contains(/By \S+ at \S+ \S+Z\. Unless that is meant, resume it\./))
    }
}
