import Countersign
import Postgres

/// Enters a worker in the registry, or says that it is still alive. Returns the time that is written down, later than any
/// before, whatever becomes of the server's clock: by it the worker notices when it is gone.
struct RegisterWorker: PreparedStatement {
    let id: Identifier
    let processID: Int32
    let program: Int
    let isDraining: Bool
    /// Whether it was started with a file of places.
    let hasPlaces: Bool
    let host: String

    static let statement = Statement(
        "worker.register",
        """
        INSERT INTO countersign.workers (worker_id, process_id, program, draining, host, has_places)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (worker_id) DO UPDATE
        SET heartbeat_at = greatest(clock_timestamp(), workers.heartbeat_at + interval '1 us'),
            draining = excluded.draining
        RETURNING heartbeat_at
        """)

    var parameters: [Parameter] {
        [
            .identifier(id), .int32(processID), .int32(Int32(program)), .bool(isDraining), .text(host),
            .bool(hasPlaces),
        ]
    }

    static func decode(_ row: inout RowReader) throws -> Timestamp { try row.timestamp("heartbeat_at") }
}

/// Writes down the figures of a worker's stages.
struct ReportFigures: PreparedStatement {
    let id: Identifier
    let stages: [(name: StageName, figures: StageStatistics.Figures)]

    static let statement = Statement(
        "worker.report",
        """
        INSERT INTO countersign.worker_stages (worker_id, stage, in_flight, done_last_minute, errors)
        SELECT $1, * FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[])
        ON CONFLICT (worker_id, stage) DO UPDATE SET in_flight = excluded.in_flight,
            done_last_minute = excluded.done_last_minute, errors = excluded.errors
        """)

    var parameters: [Parameter] {
        let figures = stages.map(\.figures)
        return [
            .identifier(id), .texts(stages.map(\.name.rawValue)),
            .int32s(figures.map { Int32(clamping: $0.inFlight) }),
            .ints(figures.map { Int64($0.doneLastMinute) }),
            .ints(figures.map { Int64($0.errors) }),
        ]
    }
}

/// Takes a worker that has ended out of the registry.
struct DeregisterWorker: PreparedStatement {
    let id: Identifier

    static let statement = Statement("worker.leave", "DELETE FROM countersign.workers WHERE worker_id = $1")
    var parameters: [Parameter] { [.identifier(id)] }
}

/// Whether an operator has told this worker to drain.
struct ReadDrainRequest: PreparedStatement {
    let worker: Identifier

    static let statement = Statement(
        "orders.drain", "SELECT drain_requested FROM countersign.workers WHERE worker_id = $1")
    var parameters: [Parameter] { [.identifier(worker)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("drain_requested") }
}
