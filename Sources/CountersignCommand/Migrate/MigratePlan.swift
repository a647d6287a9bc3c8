import ArgumentParser
import Countersign
import Postgres

struct MigratePlan: MigratorCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Print the SQL that `up` would run, and run nothing.",
        discussion: """
            The text is a script for psql.

            Example:
              countersign migrate plan > plan.sql
            """)

    @OptionGroup var database: DatabaseOptions

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        write(try await migrator.plan(&connection))
    }
}
