import ArgumentParser
import Countersign
import Postgres

struct MigratePlan: MigratorCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Print the SQL that `up` would run, and run nothing.",
        discussion: """
            The text is a script for psql. Comments say of each file which programs drain and whether there is a way back, \
            and of each statement what it locks, how large that is and how long it may take.

            Example:
              countersign migrate plan > plan.sql
            """)

    @OptionGroup var groups: InstallationOptions
    @OptionGroup var database: DatabaseOptions

    var installation: InstallationOptions? { groups }

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        write(try await migrator.plan(&connection))
    }
}
