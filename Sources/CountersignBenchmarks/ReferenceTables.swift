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
            GRANT USAGE ON SCHEMA bench TO countersign_portal, countersign_app;
            GRANT SELECT, INSERT ON bench.plain_requests TO countersign_portal;
            GRANT SELECT, INSERT ON bench.plain_submissions TO countersign_app;
            """)
    }

    static func reset(_ superuser: inout Connection) async throws {
        try await superuser.execute("TRUNCATE bench.plain_requests, bench.plain_submissions, bench.queued")
    }
}
