import Administration
import Countersign
import Postgres

/// A command of `migrate`: the database's owner's, and for any state of the schema.
protocol MigratorCommand: DatabaseCommand {
    func run(_ migrator: Migrator, _ connection: inout Connection) async throws
}

extension MigratorCommand {
    static var role: GroupRole? { nil }
    static var needsSchema: Bool { false }

    func run(_ connection: inout Connection) async throws {
        try await run(Program.migrator(), &connection)
    }
}
