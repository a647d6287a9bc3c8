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
        try await superuser.run(LoadRequests(portals: portals, rows: rows, waiting: waiting))
    }

    /// The last request of each portal that has no code.
    func lastRequests(_ connection: inout Connection) async throws -> [Identifier] {
        try await connection.run(FindLastRequests()).all()
    }

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
        } while try await connection.run(IsAnythingQueued()).one()
    }

    /// Whether one of these has not been issued yet.
    func isWaiting(_ requests: [Identifier], _ connection: inout Connection) async throws -> Bool {
        try await connection.run(IsAnyRequested(requests: requests)).one()
    }

    /// Rows issued a second, from the first to the last by the database's clock.
    func issueRate() async throws -> Double {
        var superuser = try await bench.database.connectAsSuperuser()
        return try await superuser.run(ReadIssueRate()).one() ?? 0
    }
}

/// Rows that are not `waiting` stand in no queue.
struct LoadRequests: PreparedStatement {
    /// In turns.
    let portals: [Int32]
    let rows: Int
    let waiting: Bool

    static let statement = Statement(
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
    var parameters: [Parameter] { [.int32s(portals), .int(Int64(rows)), .bool(waiting)] }
}

/// The last request of each portal that has no code.
struct FindLastRequests: PreparedStatement {
    static let statement = Statement(
        "last",
        """
        SELECT max(transaction_id::text)::uuid AS last FROM countersign.auth_requests
        WHERE status = 'requested' GROUP BY portal_id
        """)

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("last") }
}

/// Whether one of these has not been issued yet.
struct IsAnyRequested: PreparedStatement {
    let requests: [Identifier]

    static let statement = Statement(
        "open",
        """
        SELECT EXISTS (SELECT FROM countersign.auth_requests
                       WHERE transaction_id = ANY ($1) AND status = 'requested') AS is_open
        """)
    var parameters: [Parameter] { [.identifiers(requests)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_open") }
}

struct IsAnythingQueued: PreparedStatement {
    static let statement = Statement(
        "queued", "SELECT EXISTS (SELECT FROM countersign.issue_queue) AS is_queued")

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_queued") }
}

/// Rows issued a second; nil while there are not two moments.
struct ReadIssueRate: PreparedStatement {
    static let statement = Statement(
        "issue rate",
        """
        SELECT count(*) / nullif(date_part('epoch', max(issued_at) - min(issued_at)), 0) AS rate
        FROM countersign.auth_requests WHERE issued_at IS NOT NULL
        """)

    static func decode(_ row: inout RowReader) throws -> Double? { try row.optionalDouble("rate") }
}
