import Administration
import Countersign
import Postgres

/// A command of `migrate`: the database's owner's, and for any state of the schema.
protocol MigratorCommand: DatabaseCommand {
    /// Nil for those that make no groups: theirs is the one that the database is of.
    var installation: InstallationOptions? { get }

    func files() throws -> [MigrationFile]

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws
}

extension MigratorCommand {
    static var role: GroupRole? { nil }
    static var needsSchema: Bool { false }

    var installation: InstallationOptions? { nil }

    func files() throws -> [MigrationFile] { embeddedMigrations }

    func run(_ connection: inout Connection) async throws {
        let its = try await ofInstallation(&connection)
        try await run(Program.migrator(files(), words: its.words), &connection)
    }

    private func ofInstallation(_ connection: inout Connection) async throws -> Installation {
        guard let installation else { return try await .read(&connection) }
        return try await installation.chosen(&connection)
    }
}
