package import Postgres

/// What `/metrics` reads from the database: the same for every process that asks.
package struct DatabaseFigures: Sendable {
    package let queues: [SystemStatus.Queue]
    /// By name: label and value, as `operating_figures()` gives them.
    package let figures: [String: [(of: String, is: Double)]]
    package let time: Timestamp

    /// A transaction that has written nothing holds its snapshot all the same, and only those in pg_read_all_stats
    /// may see how old that is: which is why it is not for the owner's function to say. VACUUM's own holds nothing.
    package static let statement = Statement(
        "operations.figures",
        """
        SELECT f.name, f.label, greatest(f.value, reading.held), clock_timestamp()
        FROM countersign.operating_figures() f LEFT JOIN (
            SELECT max(age(a.backend_xmin))::float8 AS held FROM pg_stat_activity a
            WHERE (a.datid IS NULL OR a.datname = current_database())
              AND a.pid NOT IN (SELECT v.pid FROM pg_stat_progress_vacuum v)
        ) reading ON f.name = 'transactions_held'
        """)

    package static func read(_ connection: inout Connection) async throws -> DatabaseFigures {
        let results = try await connection.pipeline([Step(SystemStatus.queues), Step(statement)])
        var figures: [String: [(of: String, is: Double)]] = [:]
        for row in results[1] {
            figures[try row.text(0), default: []].append((try row.text(1), try row.double(2)))
        }
        return DatabaseFigures(
            queues: try results[0].map(SystemStatus.Queue.init), figures: figures,
            time: try results[1][0].timestamp(3))
    }

    package subscript(name: String) -> [(of: String, is: Double)] { figures[name] ?? [] }
}
