import Administration
import Operations
import Postgres
import Support
import Testing

/// What lies behind the last hour or day costs a page nothing, however much it is: a bound that the server cannot look up
/// in an index is one that it walks to.
@Suite(.database) struct OldRowsCostTests {
    /// Deliveries of two days ago, deaths of nine, and a week of minutes.
    private func arrange() async throws {
        _ = try await ConsolePortal.make()
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, finished_at, portal_id, status,
                request_status, callback_uri, attempts, first_at, first_ms, first_code)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at, at, 1, 'delivered',
                   'expired', 'https://acme.example/cb', 1, at, 3, 204
            FROM (SELECT now() - interval '2 days' - n * interval '10 ms' AS at FROM generate_series(1, 30000) n) AS x;
            INSERT INTO countersign.dead_deliveries
            SELECT gen_random_uuid(), now() - interval '9 days' - n * interval '1 s', 1 FROM generate_series(1, 30000) n;
            INSERT INTO countersign.queue_history (minute, stage, waiting, done)
            SELECT date_trunc('minute', now()) - n * interval '1 minute', stage, 1, 1
            FROM countersign.stage_controls, generate_series(0, 10079) n;
            INSERT INTO countersign.workers (worker_id, heartbeat_at, process_id, program, host) VALUES
                ('0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', clock_timestamp() + interval '1 hour', 4711, 5, 'w');
            INSERT INTO countersign.worker_stages (worker_id, stage, errors)
            SELECT '0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f', s.stage, 1 FROM countersign.stage_controls s;
            ANALYZE countersign.webhook_deliveries, countersign.dead_deliveries, countersign.queue_history
            """)
    }

    @Test func `pages read what is of their time`() async throws {
        try await arrange()
        let hour: [Parameter] = [.text("minute"), .double(3_600)]
        for (name, parameters, limit) in [
            ("webhook.receiver_figures", [], 100), ("concern.dead_receivers", [.null], 50),
            ("concern.failing_stages", [], 100), ("console.history", [], 100),
            ("history.backlog", hour + [.double(60)], 150),
        ] as [(String, [Parameter], Int)] {
            let statement = try #require(
                (AdministrationStatements.all + ConsoleStatements.all).flatMap { $0.members }
                    .first { $0.name == name })
            let read = try await pagesRead(statement, parameters)
            #expect(read < limit, "\(name)")
        }
    }
}
