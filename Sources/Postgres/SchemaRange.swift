/// The schemas a program works on: from the one it needs up to one whose `minimum-binary` it meets.
package struct SchemaRange: Sendable, Hashable {
    /// The oldest schema version that has all the program uses.
    package let requires: Int
    /// The program's own number: that of the newest migration it carries.
    package let program: Int
    /// Names of files whose databases nothing leads from: versions that applied them were never released.
    let unreleased: Set<String>

    package init(requires: Int, program: Int, unreleased: Set<String> = []) {
        self.requires = requires
        self.program = program
        self.unreleased = unreleased
    }

    /// Throws unless the program works on that schema.
    package func check(version: Int, minimumBinary: Int) throws(SchemaRangeError) {
        guard version >= requires else { throw .tooOld(version: version, requires: requires) }
        guard minimumBinary <= program else {
            throw .tooNew(version: version, minimumBinary: minimumBinary, program: program)
        }
    }

    /// Reads the database's schema version and checks it: one round trip, to be repeated while running.
    /// A database without migrations is at version 0. The login needs SELECT on `schema_migrations`.
    /// Throws `SchemaRangeError` when they do not go together, `PostgresError` when it cannot be read.
    package func check(_ connection: inout Connection, schema: String) async throws {
        let statement = Statement(
            "schema version",
            """
            SELECT coalesce(max(version) FILTER (WHERE duration_ms IS NOT NULL), 0),
                   coalesce(max(minimum_binary), 0), min(name) FILTER (WHERE name = ANY ($1))
            FROM \(quotedIdentifier(schema)).schema_migrations
            """
        )
        let rows: Rows
        do throws(PostgresError) {
            rows = try await connection.run(statement, [.texts(unreleased.sorted())])
        } catch {
            guard error.state == "42P01" || error.state == "3F000" else { throw error }
            return try check(version: 0, minimumBinary: 0)
        }
        if let applied = try rows[0].optionalText(2) { throw SchemaRangeError.unreleased(applied: applied) }
        try check(version: rows[0].int(0), minimumBinary: rows[0].int(1))
    }
}

/// A program and a schema that do not go together.
package enum SchemaRangeError: Error, Sendable, Hashable, CustomStringConvertible {
    case tooOld(version: Int, requires: Int)
    case tooNew(version: Int, minimumBinary: Int, program: Int)
    /// Made by a version that was never released.
    case unreleased(applied: String)

    package var description: String {
        switch self {
        case .tooOld(let version, let requires):
            "schema is at version \(version), this program needs at least \(requires): "
                + "run `countersign migrate up`"
        case .tooNew(let version, let minimumBinary, let program):
            "schema version \(version) asks for program \(minimumBinary) or newer, this is \(program)"
        case .unreleased(let applied):
            "this database was made by \(applied), of a version that was never released and cannot be upgraded: "
                + "start with a new database"
        }
    }
}
