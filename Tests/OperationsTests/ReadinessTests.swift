import Administration
import Countersign
import Operations
import Postgres
import Support
import Testing

@Suite(.database) struct ReadinessTests {
    private func arrange(_ sql: String) async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(sql)
    }

    @Test func `ready, and each fault is named with what to do`() async throws {
        let notifier = Notifier(Database.current.ownerOptions)
        let listening = Task { await notifier.run() }
        defer { listening.cancel() }
        try await eventually("it listens") { notifier.isAlive }
        try await withOperations(notifier: notifier) { browser in
            let well = try await browser.get("/readyz")
            #expect(well.status == 200, "\(well.body)")
            #expect(
                well.body.contains("ok listener: answers")
                    && well.body.contains("ok partitions: 7 days ahead"))

            try await arrange(
                "INSERT INTO countersign.events (event_id, type) VALUES ('00000000-0000-7000-8000-000000000001', 'x')"
            )
            var ill = try await browser.get("/readyz")
            #expect(ill.status == 503)
            #expect(ill.body.contains("error default partitions: hold rows: events (1). Look why"))
            try await arrange("DELETE FROM countersign.events")
            #expect(try await browser.get("/readyz").status == 200)

            let tomorrow = """
                DO $$ BEGIN EXECUTE 'DROP TABLE countersign.submissions_'
                    || to_char((clock_timestamp() AT TIME ZONE 'UTC')::date + 1, 'YYYYMMDD'); END $$
                """
            try await arrange(tomorrow)
            ill = try await browser.get("/readyz")
            #expect(
                ill.status == 503
                    && ill.body.contains("error partitions: 0 days ahead. Run the housekeep stage"))

            try await arrange(
                """
                INSERT INTO countersign.schema_migrations
                SELECT (jsonb_populate_record(m, '{"version": 9999, "name": "x", "minimum_binary": 9999}')).*
                FROM countersign.schema_migrations m ORDER BY version LIMIT 1
                """)
            ill = try await browser.get("/readyz")
            #expect(
                ill.status == 503
                    && ill.body.contains("error schema: schema version 9999 asks for program 9999"))
        }
    }

    /// One secret that nobody can open must not take the process out of service.
    @Test func `a secret that does not open is a warning`() async throws {
        try await withOperations {
            $0.findings = { [Readiness.masterKey(unopened: "it is sealed with master key 2")] }
        } _: { browser in
            let answer = try await browser.get("/readyz")
            #expect(answer.status == 200)
            #expect(
                answer.body.contains("warning master key: webhooks wait: it is sealed with master key 2. "))
        }
    }

    @Test func `a database in which nothing can be written is not ready, and doctor says so`() async throws {
        var options = Database.current.ownerOptions
        options.settings["default_transaction_read_only"] = "on"
        let sentence = "read-only: sessions may not write"
        try await withOperations(options) { browser in
            let ill = try await browser.get("/readyz")
            #expect(ill.status == 503 && ill.body.contains("error database: \(sentence)."), "\(ill.body)")
            #expect(ill.body.contains("ok schema"))
        }
        var connection = try await Connection.open(options)
        let findings = try await Doctor(sealer: nil).examine(&connection)
        #expect(findings.contains { $0.check == "database" && $0.grade == .error && $0.finding == sentence })
        #expect(findings.count > 5, "and goes on")
    }

    @Test func `a listener that is not there`() async throws {
        try await withOperations(notifier: Notifier(Database.current.ownerOptions)) { browser in
            let ill = try await browser.get("/readyz")
            #expect(ill.status == 503 && ill.body.contains("error listener: does not answer."))
        }
    }
}
