import Countersign
import Engine
import Postgres
import Support
import Testing

/// Runs a worker with a login that has the rights of `countersign_worker` and no others.
func withWorkerLogin<T: Sendable>(
    stages: Set<StageName> = Set(StageName.allCases).subtracting([.dispatch]),
    _ body: (Worker) async throws -> T
) async throws -> T {
    let login = try await Database.current.makeLogin("worker", in: .worker)
    return try await withWorker(
        stages: stages, options: Database.current.options(login: login),
        logger: LogCapture.current.logger("worker"), body)
}

extension Database {
    /// Runs a script as the owner, to bring about what the product would take long for.
    func arrange(_ sql: String) async throws {
        var owner = try await connect()
        try await owner.execute(sql)
    }

    func arrangeAsSuperuser(_ sql: String) async throws {
        var superuser = try await connectAsSuperuser()
        try await superuser.execute(sql)
    }

    /// Makes a request due now, as if its time had passed.
    func makeDue(_ transaction: Identifier) async throws {
        try await arrange(
            """
            UPDATE countersign.auth_requests SET expires_at = clock_timestamp(), open_until = clock_timestamp()
            WHERE transaction_id = '\(transaction)' AND open_until IS NOT NULL
            """)
    }

    /// Rows of every table of the schema, by its name.
    func rowCounts() async throws -> [String: Int] {
        var superuser = try await connectAsSuperuser()
        var counts: [String: Int] = [:]
        for table in try await tables(&superuser) {
            counts[table] = try await superuser.execute("SELECT count(*) FROM countersign.\(table)")[0].int(0)
        }
        return counts
    }

    /// All rows of every table of the schema as text, and what the planner's statistics keep of them.
    func everythingStored() async throws -> String {
        var superuser = try await connectAsSuperuser()
        try await superuser.execute("ANALYZE")
        var text = ""
        for table in try await tables(&superuser) {
            let rows = try await superuser.execute("SELECT t::text FROM countersign.\(table) t")
            text += try rows.map { "\(table): \(try $0.text(0))\n" }.joined()
        }
        let statistics = "SELECT s::text FROM pg_stats s WHERE schemaname = 'countersign'"
        return text + (try await superuser.execute(statistics).map { try $0.text(0) + "\n" }.joined())
    }

    private func tables(_ connection: inout Connection) async throws -> [String] {
        let sql = """
            SELECT relname::text FROM pg_class
            WHERE relnamespace = 'countersign'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            """
        return try await connection.execute(sql).map { try $0.text(0) }
    }
}

extension SQL {
    static let awaitBriefly = Statement("await_otp briefly", "SELECT countersign.await_otp($1, '20 ms')")
    static let submitText = Statement(
        "submit text",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING submission_id
        """)
    static let result = Statement(
        "submission result",
        "SELECT result, reason, prompt FROM countersign.submission_results WHERE submission_id = $1")
}

extension Connection {
    /// Waits until the request is issued, and leaves its code where it is.
    mutating func waitUntilIssued(_ transaction: Identifier) async throws {
        try await eventually("the request is issued") { try await status(transaction) == "issued" }
    }

    mutating func collect(_ transaction: Identifier) async throws -> String? {
        try await run(SQL.collect, [.identifier(transaction)])[0].optionalText(0)
    }

    mutating func cancel(_ transaction: Identifier) async throws -> Bool {
        try await run(SQL.cancel, [.identifier(transaction)])[0].bool(0)
    }

    /// A request that is issued, and its code.
    mutating func issued() async throws -> (transaction: Identifier, code: String) {
        let transaction = try await request()
        return (transaction, try await code(transaction))
    }
}
