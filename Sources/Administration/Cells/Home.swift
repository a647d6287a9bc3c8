package import Postgres

/// The cell in which devices are enrolled, as one knows it that follows it.
package struct Home: Sendable {
    /// Its number.
    package let cell: Int
    /// Since it was heard of, by the clock of this cell's server.
    package let seconds: Int
    /// Whether that is so long that answers of devices wait.
    package let lags: Bool
    /// Whether a worker of PostgreSQL's copies what changes there. One that fails is away for 5 s each time.
    package let isCopying: Bool
    /// How often the copying has failed since the subscription was made, or the server's statistics were reset.
    package let failures: Int

    /// That which this cell follows; nil where it follows none.
    package static func followed(_ connection: inout Connection) async throws -> Home? {
        try await connection.run(ReadHome()).first()
    }
}

struct ReadHome: PreparedStatement {
    static let statement = Statement(
        "home.read",
        """
        SELECT h.cell, extract(epoch FROM clock_timestamp() - h.beat_at)::integer AS seconds, countersign.lags() AS lags,
               EXISTS (SELECT FROM pg_stat_subscription w
                       WHERE w.subid = s.oid AND w.relid IS NULL AND w.pid IS NOT NULL) AS is_copying,
               coalesce(f.apply_error_count + f.sync_error_count, 0) AS failures
        FROM countersign.home_heartbeat h JOIN pg_database d ON d.datname = current_database()
        LEFT JOIN pg_subscription s ON s.subdbid = d.oid AND s.subname = 'home'
        LEFT JOIN pg_stat_subscription_stats f ON f.subid = s.oid
        WHERE h.cell <> countersign.cell()
        """)

    static func decode(_ row: inout RowReader) throws -> Home {
        Home(
            cell: try row.int("cell"), seconds: try row.int("seconds"), lags: try row.bool("lags"),
            isCopying: try row.bool("is_copying"), failures: try row.int("failures"))
    }
}
