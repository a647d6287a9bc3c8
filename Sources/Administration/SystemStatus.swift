package import Countersign
package import Postgres

/// What waits, and who works.
package struct SystemStatus: Sendable {
    package struct Queue: Sendable, Hashable {
        package let stage: String
        package let waiting: Int
        /// `waiting` is not counted but estimated from a sample.
        package let isEstimate: Bool
        /// Since when the oldest row waits.
        package let oldest: Timestamp?
        package let inFlight: Int
        package let doneLastMinute: Int
    }

    /// One that was heard of within 15 s.
    package struct LiveWorker: Sendable, Hashable {
        package let id: Identifier
        package let host: String
        package let processID: Int
        /// The program's number, as in minimum-binary.
        package let program: Int
        package let isDraining: Bool
        package let startedAt: Timestamp
        package let heartbeatAt: Timestamp
        package let stages: [String]
        package let errors: Int
    }

    /// The database's time.
    package let time: Timestamp
    package let schemaVersion: Int
    /// The number of this database among the cells of an installation.
    package let cell: Int
    package let queues: [Queue]
    package let workers: [LiveWorker]
    /// What operators have told the workers about each stage.
    package let controls: [StageControl]
    /// Portals that an operator has paused: their rows wait on purpose.
    package let pausedPortals: [String]

    package var pausedStages: [String] { controls.filter(\.isPaused).map(\.stage) }
}

extension SystemStatus {
    package static func read(_ connection: inout Connection) async throws -> SystemStatus {
        let (queues, workers, clock, cell, controls, paused) = try await connection.pipeline(
            ReadQueues(), FindLiveWorkers(), ReadClock(), ReadCell(), ReadStageControls(), FindPausedPortals()
        ).results
        return try SystemStatus(queues, workers, clock, cell, controls, paused)
    }

    init(
        _ queues: StatementResult<ReadQueues>, _ workers: StatementResult<FindLiveWorkers>,
        _ clock: StatementResult<ReadClock>, _ cell: StatementResult<ReadCell>,
        _ controls: StatementResult<ReadStageControls>, _ paused: StatementResult<FindPausedPortals>
    ) throws {
        let now = try clock.one()
        self.init(
            time: now.time, schemaVersion: now.schemaVersion, cell: try cell.one() ?? 0,
            queues: try queues.all(), workers: try workers.all(), controls: try controls.all(),
            pausedPortals: try paused.all())
    }
}

extension SystemStatus {
    /// The workers alone, and the database's time.
    package static func workers(
        _ connection: inout Connection
    ) async throws -> (live: [LiveWorker], time: Timestamp) {
        let (workers, clock) = try await connection.pipeline(FindLiveWorkers(), ReadClock()).results
        return (try workers.all(), try clock.one().time)
    }
}

/// The database's time, and the schema's version.
package struct ReadClock: PreparedStatement {
    package struct Output: Sendable {
        package let time: Timestamp
        package let schemaVersion: Int
    }

    package init() {}

    package static let statement = Statement(
        "status.clock",
        """
        SELECT clock_timestamp() AS now, coalesce(max(version) FILTER (WHERE duration_ms IS NOT NULL), 0) AS version
        FROM countersign.schema_migrations
        """)

    package static func decode(_ row: inout RowReader) throws -> Output {
        Output(time: try row.timestamp("now"), schemaVersion: try row.int("version"))
    }
}

/// What waits for each stage.
package struct ReadQueues: PreparedStatement {
    package typealias Output = SystemStatus.Queue

    package init() {}

    package static let statement = Statement(
        "status.queues",
        "SELECT stage, waiting, estimated, oldest, in_flight, done_last_minute FROM countersign.queue_status()"
    )
}

struct FindPausedPortals: PreparedStatement {
    static let statement = Statement(
        "status.paused_portals", "SELECT name FROM countersign.portals WHERE paused ORDER BY name")

    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}

struct FindLiveWorkers: PreparedStatement {
    typealias Output = SystemStatus.LiveWorker

    static let statement = Statement(
        "status.workers",
        """
        SELECT w.worker_id, w.host, w.process_id, w.program, w.draining, w.started_at, w.heartbeat_at,
               array(SELECT s.stage FROM countersign.worker_stages s WHERE s.worker_id = w.worker_id
                     ORDER BY countersign.stage_number(s.stage)) AS stages,
               (SELECT coalesce(sum(s.errors), 0)::bigint FROM countersign.worker_stages s
                WHERE s.worker_id = w.worker_id) AS errors
        FROM countersign.workers w
        WHERE w.heartbeat_at > clock_timestamp() - interval '15 s' ORDER BY w.started_at, w.worker_id
        """)
}

extension SystemStatus.Queue: RowReadable {
    package init(_ row: inout RowReader) throws {
        stage = try row.text("stage")
        waiting = try row.int("waiting")
        isEstimate = try row.bool("estimated")
        oldest = try row.optionalTimestamp("oldest")
        inFlight = try row.int("in_flight")
        doneLastMinute = try row.int("done_last_minute")
    }
}

extension SystemStatus.LiveWorker: RowReadable {
    package init(_ row: inout RowReader) throws {
        id = try row.identifier("worker_id")
        host = try row.text("host")
        processID = try row.int("process_id")
        program = try row.int("program")
        isDraining = try row.bool("draining")
        startedAt = try row.timestamp("started_at")
        heartbeatAt = try row.timestamp("heartbeat_at")
        stages = try row.texts("stages")
        errors = try row.int("errors")
    }
}
