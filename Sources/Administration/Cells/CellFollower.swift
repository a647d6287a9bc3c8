package import Postgres

/// A cell that follows this one, as the slot tells of it that keeps what it has not had yet.
package struct CellFollower: Sendable {
    /// Of the slot's name, before the number.
    static let slotPrefix = "countersign_cell_"

    package let cell: String
    /// Whether it is connected.
    package let isActive: Bool
    /// Of the log that is kept for it; nil when it has got lost.
    package let keptBytes: Int?

    package static func list(_ connection: inout Connection) async throws -> [CellFollower] {
        try await connection.run(ListCellFollowers()).all()
    }
}

struct ListCellFollowers: PreparedStatement {
    static let statement = Statement(
        "cell.followers",
        """
        SELECT n.cell, s.active AS is_active,
               CASE WHEN s.wal_status <> 'lost' AND NOT pg_is_in_recovery()
                    THEN pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)::bigint END AS kept_bytes
        FROM pg_replication_slots s
        CROSS JOIN LATERAL (SELECT substring(s.slot_name FROM '^\(CellFollower.slotPrefix)([0-9]+)$') AS cell) n
        WHERE s.database = current_database() AND n.cell IS NOT NULL
        ORDER BY n.cell::integer
        """)

    static func decode(_ row: inout RowReader) throws -> CellFollower {
        CellFollower(
            cell: try row.text("cell"), isActive: try row.bool("is_active"),
            keptBytes: try row.optionalInt("kept_bytes"))
    }
}
