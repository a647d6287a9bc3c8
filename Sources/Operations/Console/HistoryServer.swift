import Administration
import Logging
import Postgres

/// Another server that has the same rows a moment later, such as a standby: pages that only read what has been are
/// asked there, so that looking back costs the primary nothing.
struct HistoryServer: Sendable {
    let pool: Pool
    let logger: Logger

    init(_ database: ConnectionOptions, logger: Logger) {
        pool = Pool(OperationsServer.sessionOptions(database), size: 2, keepsReadOnly: true)
        self.logger = logger
    }

    /// What the body reads there, or nil when that server cannot be asked now. A statement that takes too long fails:
    /// it would not be faster elsewhere.
    func read<T: Sendable>(
        _ body: @Sendable (inout Connection, Timestamp?) async throws -> T
    ) async throws -> T? {
        do {
            return try await pool.withConnection { connection in
                let until = try await connection.run(ReadReplayed()).one()
                return try await body(&connection, until)
            }
        } catch let error where Self.isAway(error) {
            logger.warning(
                "history is read from the primary: the other server cannot be asked",
                metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// 40001 is what a standby says that had to take rows away under a statement ("conflict with recovery").
    private static func isAway(_ error: any Error) -> Bool {
        guard let failure = PostgresError(in: error) else { return error is PoolExhausted }
        return failure.isConnectionLoss || failure.state == "40001"
    }
}

extension ConsolePlace {
    /// Whether it is a list of what has been. A single request and a user's devices are looked at by who acts on them.
    var isHistory: Bool { page == .events || page == .requests && self["id"] == nil }
}

/// Until when a standby has everything; nil for a server that follows no other.
struct ReadReplayed: PreparedStatement {
    static let statement = Statement(
        "console.replayed",
        "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() END AS until")

    static func decode(_ row: inout RowReader) throws -> Timestamp? { try row.optionalTimestamp("until") }
}
