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

/// The statements of portals and apps, and the same rows for plain tables.
enum SQL {
    /// $1 address of the visitor, $2 the portal's reference.
    static let insertRequest = Statement(
        "request",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, ip_address, reference)
        VALUES ('\(Installation.authType)', '\(Installation.callback)', $1, $2) RETURNING transaction_id, expires_at
        """)

    /// What the row above becomes, with $3 the portal's id.
    static let insertPlainRequest = Statement(
        "plain request",
        """
        INSERT INTO bench.plain_requests (transaction_id, requested_at, expires_at, open_until, portal_id, status,
                                          auth_type, method, callback_uri, message, ip_address, reference)
        VALUES (gen_random_uuid(), now(), now() + interval '600 s', now() + interval '600 s', $3, 'requested',
                '\(Installation.authType)', 'otp', '\(Installation.callback)', 'Sign in', $1, $2)
        RETURNING transaction_id, expires_at
        """)

    /// $1 enrollment, $2 code.
    static let submit = Statement(
        "submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action) VALUES ($1, $2, 'accept')
        RETURNING submission_id
        """)

    /// What the row above becomes.
    static let insertPlainSubmission = Statement(
        "plain submission",
        """
        INSERT INTO bench.plain_submissions (submission_id, submitted_at, app_id, status, enrollment_id, action,
                                             transaction_id, secret_digest, enrollment)
        VALUES (gen_random_uuid(), now(), 1, 'pending', $1, 'accept', '00000000-0000-7000-8000-000000000000',
                '\\x00000000000000000000000000000000000000000000000000000000000000', $1::text::uuid)
        RETURNING submission_id
        """)
}
