package import Postgres

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
