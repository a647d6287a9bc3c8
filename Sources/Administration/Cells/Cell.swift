package import Postgres

/// One of the databases that a gateway serves together. Each has whole portals.
package struct Cell: Sendable, Hashable {
    package static let numbers = 0...1_023

    /// What every id that it makes carries, see `Identifier.cell`.
    package let number: Int

    /// That of a migrated database, for any login that may connect; nil before the first migration.
    package static func recorded(_ connection: inout Connection) async throws -> Cell? {
        try await connection.run(ReadCell()).one().map(Cell.init(number:))
    }

    /// Throws `AdministrationError` when the database is another one.
    package func check(_ connection: inout Connection) async throws {
        guard let recorded = try await Cell.recorded(&connection), recorded != self else { return }
        throw AdministrationError.refused("this database is cell \(recorded.number), not \(number)")
    }

    package init(number: Int) { self.number = number }

    /// What the owner's session says before the first migration; see identifiers.sql.
    package static func choosing(_ number: Int) -> String { "SET countersign.new_cell = '\(number)'" }
}

/// From the definition of `cell()`, which anybody may read.
struct ReadCell: PreparedStatement {
    static let statement = Statement(
        "cell.read",
        """
        SELECT (\(definition)) AS number
        """)

    static let definition = """
        SELECT substring(pg_catalog.pg_get_function_sqlbody(p.oid) FROM '[0-9]+')::integer
        FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'countersign' AND p.proname = 'cell'
        """

    static func decode(_ row: inout RowReader) throws -> Int? { try row.optionalInt("number") }
}
