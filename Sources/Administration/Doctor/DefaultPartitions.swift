package import Postgres

/// Mending of what should not happen: rows in default partitions.
package enum DefaultPartitions {
    /// Moves the rows of each default partition to where they belong. Needs the owner's login. By table, how many, and whether
    /// all: no partition is made for days more than seven partitions back or sixty days ahead.
    package static func mend(
        _ connection: inout Connection
    ) async throws -> [(table: String, moved: Int, isDone: Bool)] {
        var moved: [(table: String, count: Int)] = []
        for table in try await connection.run(FindFilledDefaults()).all() {
            moved.append((table, try await connection.run(MendDefault(table: table)).one()))
        }
        let filled = try await connection.run(FindFilledDefaults()).all()
        return moved.map { ($0.table, $0.count, !filled.contains($0.table)) }
    }
}

/// The tables whose default partition holds rows.
struct FindFilledDefaults: PreparedStatement {
    static let statement = Statement(
        "doctor.default_partitions",
        """
        SELECT table_name FROM countersign.partitioned_tables
        WHERE (SELECT f.value > 0 FROM countersign.operating_figures() f
               WHERE f.name = 'default_partition_rows' AND f.label = table_name)
        """)

    static func decode(_ row: inout RowReader) throws -> String { try row.text("table_name") }
}

/// Moves the rows of a table's default partition; returns how many those were.
struct MendDefault: PreparedStatement {
    let table: String

    static let statement = Statement("doctor.mend", "SELECT countersign.mend_default_partition($1)")

    var parameters: [Parameter] { [.text(table)] }
    static func decode(_ row: inout RowReader) throws -> Int { try row.int("mend_default_partition") }
}
