package import Postgres

/// What `/metrics` reads from the database: the same for every process that asks.
package struct DatabaseFigures: Sendable {
    package let queues: [SystemStatus.Queue]
    /// By name: label and value, as `operating_figures()` gives them.
    package let figures: [String: [(of: String, is: Double)]]
    package let time: Timestamp

    package static func read(_ connection: inout Connection) async throws -> DatabaseFigures {
        let (queues, read) = try await connection.pipeline(ReadQueues(), ReadFigures()).results
        var figures: [String: [(of: String, is: Double)]] = [:]
        let rows = try read.all()
        for row in rows { figures[row.name, default: []].append((row.label, row.value)) }
        guard let time = rows.first?.time else {
            throw DecodingFailure(column: "the result", found: "empty", wanted: "a row")
        }
        return DatabaseFigures(queues: try queues.all(), figures: figures, time: time)
    }

    package subscript(name: String) -> [(of: String, is: Double)] { figures[name] ?? [] }
}

/// A transaction that has written nothing holds its snapshot all the same, and only those in pg_read_all_stats
/// may see how old that is: which is why it is not for the owner's function to say. VACUUM's own holds nothing.
struct ReadFigures: PreparedStatement {
    struct Output: Sendable {
        let name: String
        let label: String
        let value: Double
        let time: Timestamp
    }

    static let statement = Statement(
        "operations.figures",
        """
        SELECT f.name, f.label, greatest(f.value, reading.held) AS value, clock_timestamp() AS now
        FROM countersign.operating_figures() f LEFT JOIN (
            SELECT max(age(a.backend_xmin))::float8 AS held FROM pg_stat_activity a
            WHERE (a.datid IS NULL OR a.datname = current_database())
              AND a.pid NOT IN (SELECT v.pid FROM pg_stat_progress_vacuum v)
        ) reading ON f.name = 'transactions_held'
        """)

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            name: try row.text("name"), label: try row.text("label"), value: try row.double("value"),
            time: try row.timestamp("now"))
    }
}
