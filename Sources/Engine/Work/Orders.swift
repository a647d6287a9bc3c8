import Countersign
import Logging
import Postgres

/// What operators have told this worker, read once a second: the statements and what is made of their rows.
struct Orders {
    let directives: Directives.Orders
    let logLevels: [String: Logger.Level]
    /// `countersign worker drain`.
    let isToldToDrain: Bool

    /// Unknown stages and levels, which a newer schema may have, are passed over.
    init(stages: Rows, levels: Rows, worker: Rows) throws {
        var directives = Directives.Orders()
        for row in stages {
            guard let stage = StageName(rawValue: try row.text(0)) else { continue }
            if try row.bool(1) { directives.paused.insert(stage) }
            directives.batchSizes[stage] = try row.optionalInt(2)
        }
        self.directives = directives
        logLevels = try LogLevels.levels(levels)
        isToldToDrain = try worker.first?.bool(0) ?? false
    }

    static func steps(_ worker: Identifier) -> [Step] {
        [Step(stages), Step(LogLevels.reading), Step(drain, [.identifier(worker)])]
    }

    static let stages = Statement(
        "orders.stages", "SELECT stage, paused, batch_size FROM countersign.stage_controls")
    static let drain = Statement(
        "orders.drain", "SELECT drain_requested FROM countersign.workers WHERE worker_id = $1")

    static var all: [Statement] { [stages, LogLevels.reading, drain] }
}
