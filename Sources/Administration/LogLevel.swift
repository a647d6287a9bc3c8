package import Postgres

/// A module that does not log at the level its program was started with.
package struct LogLevel: Sendable, Hashable {
    package let module: String
    package let level: String
    package let updatedAt: Timestamp

    package static func list(_ connection: inout Connection) async throws -> [LogLevel] {
        try await connection.run(ListLogLevels()).all()
    }
}

struct ListLogLevels: PreparedStatement {
    static let statement = Statement(
        "log_level.list", "SELECT module, level, updated_at FROM countersign.log_levels ORDER BY module")

    static func decode(_ row: inout RowReader) throws -> LogLevel {
        LogLevel(
            module: try row.text("module"), level: try row.text("level"),
            updatedAt: try row.timestamp("updated_at"))
    }
}
