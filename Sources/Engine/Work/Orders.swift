import Countersign
import Logging
import Postgres

/// What operators have told this worker, read once a second.
struct Orders {
    let directives: Directives.Orders
    let logLevels: [String: Logger.Level]
    /// `countersign worker drain`.
    let isToldToDrain: Bool

    /// Unknown stages and levels, which a newer schema may have, are passed over.
    static func read(by worker: Identifier, _ connection: inout Connection) async throws -> Orders {
        let (controls, levels, drain) = try await connection.pipeline(
            ReadStageControls(), ReadLogLevels(), ReadDrainRequest(worker: worker)
        ).results
        var directives = Directives.Orders()
        for control in try controls.all() {
            guard let stage = StageName(rawValue: control.stage) else { continue }
            if control.isPaused { directives.paused.insert(stage) }
            directives.batchSizes[stage] = control.batchSize
        }
        return Orders(
            directives: directives, logLevels: LogLevels.known(try levels.all()),
            isToldToDrain: try drain.first() ?? false)
    }
}

struct ReadStageControls: PreparedStatement {
    struct Output {
        let stage: String
        let isPaused: Bool
        let batchSize: Int?
    }

    static let statement = Statement(
        "orders.stages", "SELECT stage, paused, batch_size FROM countersign.stage_controls")

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            stage: try row.text("stage"), isPaused: try row.bool("paused"),
            batchSize: try row.optionalInt("batch_size"))
    }
}

/// Whether an operator has told this worker to drain.
struct ReadDrainRequest: PreparedStatement {
    let worker: Identifier

    static let statement = Statement(
        "orders.drain", "SELECT drain_requested FROM countersign.workers WHERE worker_id = $1")
    var parameters: [Parameter] { [.identifier(worker)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("drain_requested") }
}
