package import Postgres

/// What operators have told every worker about a stage: a row of `stage_controls`.
package struct StageControl: Sendable, Hashable {
    package let stage: String
    package let pause: Pause?
    /// Rows in a batch at most; nil: what each worker was started with.
    package let batchSize: Int?
    package let updatedAt: Timestamp

    package var isPaused: Bool { pause != nil }

    package static func list(_ connection: inout Connection) async throws -> [StageControl] {
        try await connection.run(ReadStageControls()).all()
    }
}

package struct ReadStageControls: PreparedStatement {
    package init() {}

    package static let statement = Statement(
        "stage.list",
        """
        SELECT stage, paused, paused_at, paused_by, batch_size, updated_at FROM countersign.stage_controls
        ORDER BY countersign.stage_number(stage)
        """)

    package static func decode(_ row: inout RowReader) throws -> StageControl {
        StageControl(
            stage: try row.text("stage"), pause: try Pause.read(&row),
            batchSize: try row.optionalInt("batch_size"), updatedAt: try row.timestamp("updated_at"))
    }
}
