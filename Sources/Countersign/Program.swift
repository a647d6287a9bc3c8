package import Postgres

/// This program: what it calls itself and which schemas it works on.
package enum Program {
    package static let version = "0.1.0"
    /// The number that migrations compare `minimum-binary` with: that of the newest migration it carries.
    package static let number = 1
    /// The oldest schema version that has all it uses.
    package static let requiredSchema = 1
    package static let schema = "countersign"
    /// The first migration of versions that were never released, and from whose databases nothing leads here.
    package static let unreleased: Set = ["0001_initial.sql"]
    package static let schemaRange = SchemaRange(
        requires: requiredSchema, program: number, unreleased: unreleased)

    /// Brings a database to the schema of this program. `words` are the names of its groups, by those in the files.
    package static func migrator(
        _ files: [MigrationFile] = embeddedMigrations, words: [String: String] = [:]
    ) throws(MigrationError) -> Migrator {
        try Migrator(files, schema: schema, unreleased: unreleased, words: words)
    }
}
