import ArgumentParser
import Countersign
import Postgres

struct MigrateUp: MigratorCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Apply the pending migrations.",
        discussion: """
            Each file is one transaction with one recorded row. Any number of these may run at once: they take \
            turns. Locks that portals hold are waited for shortly, again and again.

            Example:
              countersign migrate up
            """)

    @OptionGroup var database: DatabaseOptions

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        try await migrator.up(&connection) { write("\($0)") }
    }
}
