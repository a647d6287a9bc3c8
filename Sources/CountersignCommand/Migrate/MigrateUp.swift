import Administration
import ArgumentParser
import Countersign
import Foundation
import Postgres

struct MigrateUp: MigratorCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Apply the pending migrations.",
        discussion: """
            Numbered files that have not run come first, then files of current/ whose content has changed, in one \
            transaction; after that what is done beside running work, such as indexes. Any number of these may run at \
            once: they take turns. Locks are waited for shortly, again and again until they are got, and whoever stands \
            in the way is named. Stop it at any time: nothing is left half done.

            Refused while live workers are too old for the new schema.

            Examples:
              countersign migrate up
              countersign migrate up --drain
            """)

    @Flag(help: "Have workers that are too old for the new schema drain first, and wait for them.")
    var drain = false

    /// For rehearsals: files that a newer program would have.
    @Option(name: .customLong("with"), help: .hidden)
    var further: [String] = []

    @OptionGroup var database: DatabaseOptions

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        let files = try further.map { path in
            MigrationFile(
                name: URL(filePath: path).lastPathComponent,
                text: try String(contentsOfFile: path, encoding: .utf8))
        }
        let migrator = files.isEmpty ? migrator : try Program.migrator(embeddedMigrations + files)
        try await OutdatedWorkers.makeWay(for: migrator, drains: drain, &connection) { write($0) }
        try await migrator.up(&connection) { write("\($0)") }
    }
}
