import ArgumentParser
import Countersign
import Postgres

struct MigrateUp: MigratorCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Apply the pending migrations.",
        discussion: """
            Numbered files that have not run come first, then files of current/ whose content has changed, in one \
            transaction but for indexes that are built beside running work. Any number of these may run at once: they \
            take turns. Locks that portals hold are waited for shortly, again and again.

            Example:
              countersign migrate up
            """)

    @OptionGroup var database: DatabaseOptions

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        try await migrator.up(&connection) { write("\($0)") }
    }
}
