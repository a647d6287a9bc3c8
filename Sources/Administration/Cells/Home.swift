package import Postgres

/// The cell in which devices are enrolled, as one knows it that follows it.
package struct Home: Sendable {
    /// Its number.
    package let cell: Int
    /// Since it was heard of, by the clock of this cell's server.
    package let seconds: Int
    /// Whether that is so long that answers of devices wait.
    package let lags: Bool

    /// That which this cell follows; nil where it follows none.
    package static func followed(_ connection: inout Connection) async throws -> Home? {
        try await connection.run(ReadHome()).first()
    }
}

struct ReadHome: PreparedStatement {
    static let statement = Statement(
        "home.read",
        """
        SELECT h.cell, extract(epoch FROM clock_timestamp() - h.beat_at)::integer AS seconds, countersign.lags() AS lags
        FROM countersign.home_heartbeat h WHERE h.cell <> countersign.cell()
        """)

    static func decode(_ row: inout RowReader) throws -> Home {
        Home(cell: try row.int("cell"), seconds: try row.int("seconds"), lags: try row.bool("lags"))
    }
}
