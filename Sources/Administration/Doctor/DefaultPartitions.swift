package import Postgres

/// Mending of what should not happen: rows in default partitions.
package enum DefaultPartitions {
    /// Moves the rows of each default partition to where they belong. Needs the owner's login. By table, how many.
    package static func mend(_ connection: inout Connection) async throws -> [(table: String, moved: Int)] {
        let tables = try await connection.run(list).map { try $0.text(0) }
        var moved: [(String, Int)] = []
        for table in tables {
            moved.append((table, try await connection.run(mending, [.text(table)])[0].int(0)))
        }
        return moved
    }

    package static let list = Statement(
        "doctor.default_partitions",
        """
        SELECT table_name FROM countersign.partitioned_tables
        WHERE (SELECT f.value > 0 FROM countersign.operating_figures() f
               WHERE f.name = 'default_partition_rows' AND f.label = table_name)
        """)
    package static let mending = Statement("doctor.mend", "SELECT countersign.mend_default_partition($1)")
}
