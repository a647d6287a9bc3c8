import ArgumentParser
import Countersign
import Postgres

struct MigrateVerify: MigratorCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that the schema is what the migrations made.",
        discussion: """
            Fails with 78 and the name of the file when one was changed or is missing, was not finished, or \
            left an index that is not valid, and when the schema asks for a newer program.

            Example:
              countersign migrate verify
            """)

    @OptionGroup var database: DatabaseOptions

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        let status = try await migrator.verify(&connection)
        write(
            "the schema is at version \(status.version) and as its migrations say, \(status.pendingCount) pending"
        )
    }
}
