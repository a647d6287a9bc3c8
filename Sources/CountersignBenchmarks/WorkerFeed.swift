import Postgres

/// Keeps a worker as busy as it was under another load: queues so many requests a second, which exist already, so
/// that queueing costs next to nothing.
struct WorkerFeed: Sendable {
    /// As often as an awake worker looks at a stream of inserts.
    private static let interval = Duration.milliseconds(4)

    private let bench: Bench
    private let rate: Double

    /// Makes the requests, and some more than are needed.
    static func prepare(_ bench: Bench, rate: Double, for duration: Duration) async throws -> WorkerFeed {
        let rows = Int(rate * (duration / .seconds(1) + 1))
        try await Backlog(bench).load(rows, waiting: false)
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute(
            """
            INSERT INTO bench.queued SELECT row_number() OVER (ORDER BY transaction_id), portal_id, transaction_id
            FROM countersign.auth_requests;
            ANALYZE bench.queued
            """)
        try await bench.settle(&superuser)
        return WorkerFeed(bench: bench, rate: rate)
    }

    /// Until cancelled.
    func run() async throws {
        var superuser = try await bench.database.connectAsSuperuser()
        try await superuser.execute("SET synchronous_commit = off")
        let start = ContinuousClock.now
        var queued = 0
        while !Task.isCancelled {
            let due = Int(rate * (start.duration(to: .now) / .seconds(1)))
            try await superuser.pipeline(
                QueueRequests(after: queued, upTo: due), RingStage(stage: "issue"))
            queued = due
            try? await Task.sleep(for: Self.interval, tolerance: .zero)
        }
    }
}

struct QueueRequests: PreparedStatement {
    let after: Int
    let upTo: Int

    static let statement = Statement(
        "feed",
        """
        INSERT INTO countersign.issue_queue (portal_id, transaction_id)
        SELECT portal_id, transaction_id FROM bench.queued WHERE place > $1 AND place <= $2
        """)
    var parameters: [Parameter] { [.int(Int64(after)), .int(Int64(upTo))] }
}
