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

            Groups of logins belong to the whole server. Where another database uses them, name this installation, \
            and its groups are countersign_NAME_portal and so on: once, its database remembers.

            Examples:
              countersign migrate up
              countersign migrate up --drain
              countersign migrate up --installation staging
            """)

    @Flag(help: "Have workers that are too old for the new schema drain first, and wait for them.")
    var drain = false

    /// For rehearsals: files that a newer program would have.
    @Option(name: .customLong("with"), help: .hidden)
    var further: [String] = []

    @OptionGroup var groups: InstallationOptions
    @OptionGroup var database: DatabaseOptions

    var installation: InstallationOptions? { groups }

    func files() throws -> [MigrationFile] {
        let others = try further.map { path in
            MigrationFile(
                name: URL(filePath: path).lastPathComponent,
                text: try String(contentsOfFile: path, encoding: .utf8))
        }
        return embeddedMigrations + others
    }

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        try await OutdatedWorkers.makeWay(for: migrator, drains: drain, &connection) { write($0) }
        let before = try await groups.renamed(&connection)
        if before != nil { try await Installation.forgetFiles(&connection) }
        try await migrator.up(&connection) { write("\($0)") }
        guard let before else { return }
        let now = try await Installation.read(&connection)
        try await now.takeLogins(from: before, &connection)
        write(
            "the logins of portals and apps are in the groups \(now.prefix)... now; put those of workers, "
                + "gateways, monitors and administrators there, too: GRANT \(now.prefix)worker TO ...")
    }
}
