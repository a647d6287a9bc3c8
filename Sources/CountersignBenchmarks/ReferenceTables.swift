import Postgres

/// Tables of no more than columns, which references write instead of the product's. No index, no constraint, no
/// trigger, no row security: nothing that the product could be beaten by and a reference not.
enum ReferenceTables {
    static func create(_ superuser: inout Connection) async throws {
        try await superuser.execute(
            """
            CREATE SCHEMA bench;
            CREATE TABLE bench.plain_requests AS SELECT * FROM countersign.auth_requests WITH NO DATA;
            ALTER TABLE bench.plain_requests ALTER status TYPE text;
            CREATE TABLE bench.plain_submissions AS SELECT * FROM countersign.submissions WITH NO DATA;
            CREATE TABLE bench.queued (place bigint PRIMARY KEY, portal_id integer, transaction_id uuid);
            CREATE TABLE bench.floor_requests (LIKE bench.plain_requests, PRIMARY KEY (transaction_id));
            CREATE TABLE bench.floor_queue (place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, transaction_id uuid);
            CREATE TABLE bench.floor_outbox (transaction_id uuid, portal_id integer, status text, at timestamptz);
            CREATE FUNCTION bench.read_statements()
            RETURNS TABLE (toplevel boolean, calls double precision, milliseconds double precision, text text)
            LANGUAGE plpgsql AS $$
            BEGIN -- The extension need not be there when this is made.
                RETURN QUERY SELECT s.toplevel, sum(s.calls)::double precision, sum(s.total_exec_time), w.words
                FROM pg_stat_statements s, left(regexp_replace(s.query, '\\s+', ' ', 'g'), 120) AS w (words)
                WHERE starts_with(pg_get_userbyid(s.userid), current_database()) GROUP BY 1, w.words;
            END
            $$;
            GRANT USAGE ON SCHEMA bench TO countersign_portal, countersign_app;
            GRANT SELECT, INSERT ON bench.plain_requests TO countersign_portal;
            GRANT SELECT, INSERT ON bench.plain_submissions TO countersign_app;
            \(SignInFloor.schema)
            """)
    }

    static func reset(_ superuser: inout Connection) async throws {
        try await superuser.execute(
            "TRUNCATE bench.plain_requests, bench.plain_submissions, bench.queued, "
                + SignInFloor.allCases.flatMap(\.tables).joined(separator: ", "))
    }
}
