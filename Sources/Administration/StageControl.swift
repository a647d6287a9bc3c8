package import Postgres

/// What operators have told the workers about a stage.
package struct StageControl: Sendable, Hashable {
    package let stage: String
    package let isPaused: Bool
    /// nil: what each worker was started with.
    package let batchSize: Int?
    package let updatedAt: Timestamp

    package static func list(_ connection: inout Connection) async throws -> [StageControl] {
        try await connection.run(listing).map(StageControl.init)
    }

    init(_ row: Row) throws(DecodingFailure) {
        stage = try row.text(0)
        isPaused = try row.bool(1)
        batchSize = try row.optionalInt(2)
        updatedAt = try row.timestamp(3)
    }

    package static let listing = Statement(
        "stage.list",
        """
        SELECT stage, paused, batch_size, updated_at FROM countersign.stage_controls
        ORDER BY countersign.stage_number(stage)
        """)
}

/// A module that does not log at the level its program was started with.
package struct LogLevel: Sendable, Hashable {
    package let module: String
    package let level: String
    package let updatedAt: Timestamp

    package static func list(_ connection: inout Connection) async throws -> [LogLevel] {
        try await connection.run(listing).map { row in
            LogLevel(module: try row.text(0), level: try row.text(1), updatedAt: try row.timestamp(2))
        }
    }

    package static let listing = Statement(
        "log_level.list", "SELECT module, level, updated_at FROM countersign.log_levels ORDER BY module")
}
