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
        let results = try await connection.pipeline([
            Step(queues), Step(workers), Step(clock), Step(ReadStageControls()), Step(pausedPortals),
        ])
        return SystemStatus(
            time: try results[2][0].timestamp(0), schemaVersion: try results[2][0].int(1),
            queues: try results[0].map(Queue.init), workers: try results[1].map(LiveWorker.init),
            controls: try StatementResult<ReadStageControls>(results[3]).all(),
            pausedPortals: try results[4].map { try $0.text(0) })
    }

    package static let clock = Statement(
        "status.clock",
        """
        SELECT clock_timestamp(), coalesce(max(version) FILTER (WHERE duration_ms IS NOT NULL), 0)
        FROM countersign.schema_migrations
        """)

    package static let queues = Statement(
        "status.queues",
        "SELECT stage, waiting, estimated, oldest, in_flight, done_last_minute FROM countersign.queue_status()"
    )

    package static let pausedPortals = Statement(
        "status.paused_portals", "SELECT name FROM countersign.portals WHERE paused ORDER BY name")

    package static let workers = Statement(
        "status.workers",
        """
        SELECT w.worker_id, w.host, w.process_id, w.program, w.draining, w.started_at, w.heartbeat_at,
               array(SELECT s.stage FROM countersign.worker_stages s WHERE s.worker_id = w.worker_id
                     ORDER BY countersign.stage_number(s.stage)),
               (SELECT coalesce(sum(s.errors), 0)::bigint FROM countersign.worker_stages s
                WHERE s.worker_id = w.worker_id)
        FROM countersign.workers w
        WHERE w.heartbeat_at > clock_timestamp() - interval '15 s' ORDER BY w.started_at, w.worker_id
        """)
}

extension SystemStatus.Queue {
    package init(_ row: Row) throws(DecodingFailure) {
        stage = try row.text(0)
        waiting = try row.int(1)
        isEstimate = try row.bool(2)
        oldest = try row.optionalTimestamp(3)
        inFlight = try row.int(4)
        doneLastMinute = try row.int(5)
    }
}

extension SystemStatus.LiveWorker {
    fileprivate init(_ row: Row) throws(DecodingFailure) {
        id = try row.identifier(0)
        host = try row.text(1)
        processID = try row.int(2)
        program = try row.int(3)
        isDraining = try row.bool(4)
        startedAt = try row.timestamp(5)
        heartbeatAt = try row.timestamp(6)
        stages = try row.texts(7)
        errors = try row.int(8)
    }
}
