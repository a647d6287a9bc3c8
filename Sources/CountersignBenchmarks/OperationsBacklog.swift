import Postgres

/// Requests that wait for a code while their time is over: the backlog of two stages.
struct OperationsBacklog: Sendable {
    let bench: Bench

    /// Loads them, started over six minutes and due over the last three. Vacuum stays away until `release`: what is
    /// gone shall lie in the way of who asks.
    func load(_ rows: Int) async throws {
        var superuser = try await bench.database.connectAsSuperuser()
        for table in try await tables(&superuser) {
            try await superuser.execute("ALTER TABLE \(table) SET (autovacuum_enabled = false)")
        }
        try await superuser.execute("SET session_replication_role = replica")
        try await superuser.run(
            LoadDueRequests(portals: bench.installation.portals.map(\.id), rows: rows))
        try await superuser.execute("CHECKPOINT")
    }

    /// Ends what is left of them at once, as workers do one after the other.
    func drain() async throws {
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute(
            """
            SET session_replication_role = replica;
            UPDATE countersign.auth_requests SET open_until = NULL, resolved_at = clock_timestamp(), status = 'expired'
            WHERE open_until IS NOT NULL;
            DELETE FROM countersign.issue_queue
            """)
    }

    /// Lets vacuum come again.
    func release() async throws {
        var superuser = try await bench.database.connectAsSuperuser()
        for table in try await tables(&superuser) {
            try await superuser.execute("ALTER TABLE \(table) RESET (autovacuum_enabled)")
        }
    }

    /// What is estimated, and what is true a moment later.
    func depths(_ connection: inout Connection) async throws -> [ReadDepths.Output] {
        try await connection.run(ReadDepths()).all()
    }

    /// The age in seconds of the oldest figure that is believed, nil when none is.
    func age(_ connection: inout Connection) async throws -> Double? {
        try await connection.run(ReadEstimateAge()).one()
    }

    private func tables(_ connection: inout Connection) async throws -> [String] {
        try await connection.execute(
            """
            SELECT c.oid::regclass FROM pg_class c WHERE c.oid = 'countersign.issue_queue'::regclass
               OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'countersign.auth_requests'::regclass)
            """
        ).map { try $0.text(0) }
    }
}

struct LoadDueRequests: PreparedStatement {
    /// In turns.
    let portals: [Int32]
    let rows: Int

    static let statement = Statement(
        "operations load",
        """
        WITH loaded AS (
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, portal_id,
                                                   status, auth_type, method, callback_uri, message)
            SELECT (left(countersign.uuid_floor(at)::text, 19) || right(gen_random_uuid()::text, 17))::uuid, at,
                   at + interval '180 s', at + interval '180 s', ($1::integer[])[1 + n % cardinality($1::integer[])],
                   'requested', '\(Installation.authType)', 'otp', '\(Installation.callback)', 'Sign in'
            FROM (SELECT n, now() - interval '360 s' + n * (interval '180 s' / $2) AS at
                  FROM generate_series(1, $2) AS n) AS made
            RETURNING portal_id, transaction_id
        )
        INSERT INTO countersign.issue_queue (portal_id, transaction_id) SELECT portal_id, transaction_id FROM loaded
        """)
    var parameters: [Parameter] { [.int32s(portals), .int(Int64(rows))] }
}

/// What is estimated, and what is true.
struct ReadDepths: PreparedStatement {
    static let statement = Statement(
        "operations depths",
        """
        SELECT s.stage, s.waiting AS estimate, CASE s.stage
            WHEN 'issue' THEN (SELECT count(*) FROM countersign.issue_queue)
            ELSE (SELECT count(*) FROM countersign.auth_requests WHERE open_until <= clock_timestamp()) END AS rows
        FROM countersign.queue_status() AS s WHERE s.stage IN ('issue', 'expire') ORDER BY s.stage
        """)

    static func decode(_ row: inout RowReader) throws -> (stage: String, estimate: Int, rows: Int) {
        (try row.text("stage"), try row.int("estimate"), try row.int("rows"))
    }
}

/// The age in seconds of the oldest figure that is believed; nil when none is.
struct ReadEstimateAge: PreparedStatement {
    static let statement = Statement(
        "operations age",
        """
        SELECT max(date_part('epoch', clock_timestamp() - measured_at)) AS age FROM countersign.queue_figures
        WHERE measured_at > clock_timestamp() - interval '5 s'
        """)

    static func decode(_ row: inout RowReader) throws -> Double? { try row.optionalDouble("age") }
}
