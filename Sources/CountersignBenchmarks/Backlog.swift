import Postgres

/// Requests that wait for a code.
struct Backlog: Sendable {
    let bench: Bench

    init(_ bench: Bench) {
        self.bench = bench
    }

    /// Loads requests of these portals in turns, as inserts would have left them, but due in an hour. The triggers
    /// are off, so that loading takes less time than issuing. Rows that are not `waiting` stand in no queue.
    func load(_ rows: Int, of portals: [Int32]? = nil, waiting: Bool = true) async throws {
        var superuser = try await bench.database.connectAsSuperuser()
        let portals = portals ?? bench.installation.portals.map(\.id)
        try await superuser.execute("SET session_replication_role = replica")
        try await superuser.run(Self.load, [.int32s(portals), .int(Int64(rows)), .bool(waiting)])
    }

    static let load = Statement(
        "load",
        """
        WITH loaded AS (
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, portal_id,
                                                   status, auth_type, method, callback_uri, message, ip_address,
                                                   reference)
            SELECT countersign.uuid_v7(), now(), now() + interval '1 h', now() + interval '1 h',
                   ($1::integer[])[1 + n % cardinality($1::integer[])], 'requested', '\(Installation.authType)', 'otp',
                   '\(Installation.callback)', 'Sign in', '203.0.113.7', 'session-0123456789abcdef'
            FROM generate_series(1, $2) AS n
            RETURNING portal_id, transaction_id
        )
        INSERT INTO countersign.issue_queue (portal_id, transaction_id)
        SELECT portal_id, transaction_id FROM loaded WHERE $3
        """)

    /// The last request of each portal.
    func lastRequests(_ connection: inout Connection) async throws -> [Identifier] {
        try await connection.run(Self.last).map { try $0.identifier(0) }
    }

    static let last = Statement(
        "last",
        "SELECT max(transaction_id::text)::uuid FROM countersign.issue_queue GROUP BY portal_id")

    /// Waits until all is issued, looking at next to nothing meanwhile.
    func waitUntilIssued(last: [Identifier], _ connection: inout Connection, within limit: Duration)
        async throws
    {
        let deadline = ContinuousClock.now + limit
        repeat {
            while try await isWaiting(last, &connection) {
                guard ContinuousClock.now < deadline else {
                    throw BenchError("the backlog is not worked off")
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        } while try await connection.run(Self.queued)[0].bool(0)
    }

    /// Whether one of these has not been issued yet.
    func isWaiting(_ requests: [Identifier], _ connection: inout Connection) async throws -> Bool {
        try await connection.run(Self.open, [.identifiers(requests)])[0].bool(0)
    }

    static let open = Statement(
        "open",
        """
        SELECT EXISTS (SELECT FROM countersign.auth_requests
                       WHERE transaction_id = ANY ($1) AND status = 'requested')
        """)
    static let queued = Statement("queued", "SELECT EXISTS (SELECT FROM countersign.issue_queue)")

    /// Rows issued a second, from the first to the last by the database's clock.
    func issueRate() async throws -> Double {
        var superuser = try await bench.database.connectAsSuperuser()
        return try await superuser.run(Self.rate)[0].optionalDouble(0) ?? 0
    }

    static let rate = Statement(
        "issue rate",
        """
        SELECT count(*) / nullif(date_part('epoch', max(issued_at) - min(issued_at)), 0)
        FROM countersign.auth_requests WHERE issued_at IS NOT NULL
        """)
}
