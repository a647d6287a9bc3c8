import ArgumentParser
import Countersign
import Postgres

struct MigrateStatus: MigratorCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "List the files of the schema and which are applied.",
        discussion: """
            Examples:
              countersign migrate status
              countersign migrate status --json
            """)

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        let status = try await migrator.status(&connection)
        let records = status.entries.map(Self.record) + status.current.map(Self.record)
        try output.show(records, otherwise: "There are no migrations.")
    }

    private static func record(_ entry: MigrationEntry) -> Record {
        [
            "version": .number(entry.version), "name": .text(entry.name),
            "state": .text(entry.state.rawValue),
            "applied_at": .time(entry.applied?.appliedAt), "applied_by": .text(entry.applied?.appliedBy),
            "minimum_binary": .number(entry.applied?.minimumBinary), "program": .number(nil),
        ]
    }

    private static func record(_ entry: CurrentEntry) -> Record {
        [
            "version": .number(nil), "name": .text(entry.name), "state": .text(entry.state.rawValue),
            "applied_at": .time(entry.applied?.appliedAt), "applied_by": .text(entry.applied?.appliedBy),
            "minimum_binary": .number(nil), "program": .number(entry.applied?.program),
        ]
    }
}
