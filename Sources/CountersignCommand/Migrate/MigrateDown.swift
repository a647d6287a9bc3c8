import ArgumentParser
import Countersign
import Postgres

struct MigrateDown: MigratorCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "Take a newer program's schema back to this program's.",
        discussion: """
            Run by the older program, once all workers and gateways are of it again. Undoes the files that it does not know, \
            as they say themselves, and puts its own functions back, in one transaction. Refused with the reason when one \
            cannot be undone without loss: then nothing is changed, and a backup is what is left.

            Example:
              countersign migrate down
            """)

    @OptionGroup var database: DatabaseOptions

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        try await migrator.down(&connection) { write("\($0)") }
    }
}
