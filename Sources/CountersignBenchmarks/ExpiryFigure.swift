import Postgres

/// Requests that are all due at once, with codes that nobody collected: how long their end takes, and what sign-ins beside
/// it take. Their tables have been analysed while they were empty, as a quiet night leaves them.
struct ExpiryFigure: Figure {
    /// Sign-ins a second, and by how many clients.
    private static let pace = 50.0
    private static let clients = 8
    private static let quiet = Duration.seconds(4)
    private static let limit = Duration.seconds(120)

    func measure(_ bench: Bench) async throws -> [ReportRow] {
        try await bench.reset()
        let rows = bench.scale.dueRequests
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute("SET session_replication_role = replica")
        try await superuser.run(
            LoadUncollected(portals: bench.installation.portals.map(\.id), rows: rows))
        try await superuser.execute("CHECKPOINT")
        return try await bench.withWorker(stages: "enroll,issue,validate,housekeep") { worker in
            let load = SignInsBeside(bench: bench)
            let signIns = load.begin(clients: Self.clients, pace: Self.pace, for: .seconds(300))
            defer { signIns.cancel() }
            try await load.waitForFirst()
            try await Task.sleep(for: Self.quiet)
            let alone = load.taken.take()
            let (taken, left) = try await expire(bench, &superuser)
            let beside = load.taken.take()
            signIns.cancel()
            try await load.end(signIns)
            try worker.check()
            return self.rows(rows, taken, left: left, beside, alone)
        }
    }

    /// Until none is due, by a second worker that has nothing else to do; how long it took, and how many it has left.
    private func expire(
        _ bench: Bench, _ superuser: inout Connection
    ) async throws -> (taken: Duration, left: Int) {
        try await bench.withWorker(stages: "expire") { worker in
            let start = ContinuousClock.now
            while start.duration(to: .now) < Self.limit {
                if try await !superuser.run(IsAnyDue()).one() { return (start.duration(to: .now), 0) }
                try await Task.sleep(for: .milliseconds(100))
            }
            return (Self.limit, try await superuser.run(CountDue()).one())
        }
    }

    private func rows(
        _ count: Int, _ taken: Duration, left: Int, _ beside: Latencies, _ alone: Latencies
    ) -> [ReportRow] {
        [
            ReportRow(
                figure: "expiry", title: "\(count) requests due at once, all ended", unit: .seconds,
                ours: Spread([taken / .seconds(1)]), reference: nil, target: .limit(60),
                notes: left > 0 ? ["given up with \(left) left"] : []),
            ReportRow(
                figure: "expiry p99", title: "a sign-in's p99 meanwhile, 50 a second; before it",
                unit: .milliseconds, ours: Spread([beside.percentile(99)]),
                reference: Spread([alone.percentile(99)]), target: .limit(100),
                notes: ["ours: \(beside.summary)", "reference: \(alone.summary)"]),
        ]
    }
}

/// Sign-ins at a quiet pace beside something else.
struct SignInsBeside {
    let bench: Bench
    let taken = TakenTimes()

    /// Until it is cancelled, and not longer than that.
    func begin(clients: Int, pace: Double, for duration: Duration) -> Task<LoadResult, any Error> {
        let pause = Duration.seconds(Double(clients) / pace)
        return Task { [bench, taken] in
            try await runLoad(for: duration, clients: clients) {
                PacedClient(try await SignInClient.connect($0, .accept, bench), every: pause, taken)
            }
        }
    }

    func waitForFirst() async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while taken.count == 0 {
            guard ContinuousClock.now < deadline else { throw BenchError("no sign-in comes to its end") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Throws what ended it before it was cancelled.
    func end(_ signIns: Task<LoadResult, any Error>) async throws {
        let result = await signIns.result
        guard case .failure(let error) = result, error is BenchError else { return }
        throw error
    }
}

/// Issued requests that ended a moment ago, with codes that nobody collected.
struct LoadUncollected: PreparedStatement {
    /// In turns.
    let portals: [Int32]
    let rows: Int

    static let statement = Statement(
        "load uncollected",
        """
        WITH loaded AS (
            INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, open_until, issued_at,
                                                   portal_id, status, auth_type, method, callback_uri, message,
                                                   secret_digest)
            SELECT countersign.uuid_v7(), now() - interval '180 s', now(), now(), now() - interval '179 s',
                   ($1::integer[])[1 + n % cardinality($1::integer[])], 'issued', '\(Installation.authType)', 'otp',
                   '\(Installation.callback)', 'Sign in', sha256(int8send(n))
            FROM generate_series(1, $2) AS n
            RETURNING transaction_id, expires_at, portal_id, secret_digest
        )
        INSERT INTO countersign.otp_secrets (transaction_id, expires_at, portal_id, secret)
        SELECT transaction_id, expires_at, portal_id, secret_digest FROM loaded
        """)
    var parameters: [Parameter] { [.int32s(portals), .int(Int64(rows))] }
}

struct IsAnyDue: PreparedStatement {
    static let statement = Statement(
        "is any due",
        """
        SELECT EXISTS (SELECT FROM countersign.auth_requests WHERE open_until <= now()) AS is_due
        """)

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_due") }
}

struct CountDue: PreparedStatement {
    static let statement = Statement(
        "count due", "SELECT count(*) AS due FROM countersign.auth_requests WHERE open_until <= now()")

    static func decode(_ row: inout RowReader) throws -> Int { try row.int("due") }
}
