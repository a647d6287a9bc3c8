import Postgres

/// The least that a queue in SQL does for a job: it claims it, updates its row and writes one for the outbox. No worker, no
/// rules, no partitions: one statement for a thousand jobs, sent by pgbench.
enum Floor {
    static let batch = 1_000

    static let statement = """
        WITH claimed AS (
            DELETE FROM bench.floor_queue WHERE place IN (
                SELECT place FROM bench.floor_queue ORDER BY place LIMIT \(batch) FOR UPDATE SKIP LOCKED)
            RETURNING transaction_id
        ), written AS (
            UPDATE bench.floor_requests r SET status = 'issued', issued_at = clock_timestamp(),
                                              secret_digest = sha256(uuid_send(r.transaction_id))
            FROM claimed c WHERE r.transaction_id = c.transaction_id RETURNING r.transaction_id, r.portal_id
        )
        INSERT INTO bench.floor_outbox SELECT transaction_id, portal_id, 'issued', clock_timestamp() FROM written
        """

    /// Jobs a second on one connection, of so many that wait.
    static func rate(_ jobs: Int, _ bench: Bench) async throws -> Double? {
        guard let pgbench = Pgbench() else { return nil }
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute(
            """
            TRUNCATE bench.floor_requests, bench.floor_queue, bench.floor_outbox;
            WITH loaded AS (
                INSERT INTO bench.floor_requests (transaction_id, requested_at, portal_id, status, callback_uri)
                SELECT gen_random_uuid(), now(), 1 + n % 20, 'requested', '\(Installation.callback)'
                FROM generate_series(1, \(jobs)) AS n RETURNING transaction_id
            )
            INSERT INTO bench.floor_queue (transaction_id) SELECT transaction_id FROM loaded
            """)
        try await superuser.execute("VACUUM (ANALYZE) bench.floor_requests, bench.floor_queue")
        try await superuser.execute("CHECKPOINT")
        let url = bench.database.server.superuserURL(database: bench.database.name)
        let statements = try await pgbench.run(Self.statement, url: url, times: jobs / batch)
        return statements * Double(batch)
    }
}
