import Countersign
import Engine
import Glibc
import Logging
import Postgres

/// Works one backlog off, by one worker, by two, or by a bare loop with one connection.
struct IssueRun: Sendable {
    let bench: Bench
    let rows: Int
    /// Whether a session that has looked at the database before keeps its transaction open meanwhile.
    var holdsSnapshot = false

    /// Rows a second by `countersign work --stages issue`.
    func product() async throws -> Double {
        try await workOff { last, connection in
            try await bench.withWorker(stages: "issue") { worker in
                try await Backlog(bench).waitUntilIssued(last: last, &connection, within: .seconds(300))
                try worker.check()
            }
        }
    }

    /// Rows a second by two workers, who sit at the bell when the rows come.
    func productOfTwo() async throws -> Double {
        try await workOff(waiting: false) { last, connection in
            try await bench.withWorker(stages: "issue") { first in
                try await bench.withWorker(stages: "issue") { second in
                    try await connection.pipeline(QueueAll(), RingStage(stage: "issue"))
                    try await Backlog(bench).waitUntilIssued(last: last, &connection, within: .seconds(300))
                    for worker in [first, second] { try worker.check() }
                }
            }
        }
    }

    /// Rows a second by a loop that runs the stage's own statement.
    func bareLoop() async throws -> Double {
        try await workOff { _, _ in
            var issuer = try await BareIssuer(bench)
            try await issuer.run()
        }
    }

    /// - Parameters:
    ///   - waiting: whether the requests are in the queue before the body begins.
    ///   - body: is given the last of each portal, and returns when all have a code.
    private func workOff(
        waiting: Bool = true, _ body: ([Identifier], inout Connection) async throws -> Void
    ) async throws -> Double {
        try await bench.reset()
        let backlog = Backlog(bench)
        var superuser = try await bench.database.connectAsSuperuser()
        try await backlog.load(rows, waiting: waiting)
        try await bench.settle(&superuser)
        let last = try await backlog.lastRequests(&superuser)
        if holdsSnapshot {
            var holder = try await bench.database.connectAsSuperuser()
            try await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM pg_class")
            try await body(last, &superuser)
            try await holder.execute("COMMIT")
        } else {
            try await body(last, &superuser)
        }
        return try await backlog.issueRate()
    }
}

/// The least that can run the issue stage's statement: one connection with the settings of the stage's own, the
/// same positions in the queue, and secrets that were made before.
struct BareIssuer: ~Copyable {
    private var connection: Connection
    private var lanes = Lanes()
    private let secrets = CodeSecrets(making: Scale.batchSize)

    init(_ bench: Bench) async throws {
        var logger = Logger(label: "bare")
        logger.logLevel = .error
        let options = Server.options(bench.database.url(bench.installation.worker))
        let worker = try Worker(
            WorkerConfiguration(database: options, host: "bench", processID: getpid()),
            sealer: Sealer(try MasterKeys(bench.installation.masterKey)), dispatch: nil, logger: logger)
        connection = try await Connection.open(worker.context.sessionOptions("bare"))
    }

    /// Until a batch comes back empty.
    mutating func run() async throws {
        var claimed = Scale.batchSize
        while claimed > 0 { claimed = try await batch() }
    }

    private mutating func batch() async throws -> Int {
        let issued = try await connection.run(
            IssueBatch(lanes: lanes, secrets: secrets, days: .recent)
        )
        .all()
        let shares = issued.map(\.share)
        _ = lanes.advance(shares, slice: issued.first?.slice ?? 1, limit: Scale.batchSize)
        return shares.reduce(0) { $0 + $1.claimed }
    }
}

/// Queues all requests that there are.
struct QueueAll: PreparedStatement {
    static let statement = Statement(
        "queue all",
        """
        INSERT INTO countersign.issue_queue (portal_id, transaction_id)
        SELECT portal_id, transaction_id FROM countersign.auth_requests
        """)
}
