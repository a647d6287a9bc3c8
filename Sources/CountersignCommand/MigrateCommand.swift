import Administration
import ArgumentParser
import Countersign
import Foundation
import Postgres

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the database's schema to what this program needs.",
        discussion: """
            Run as the owner of the database, who needs CREATEROLE, over a direct connection (no pooler). To \
            upgrade: migrate, then replace the programs one by one.

            Examples:
              countersign migrate plan | less
              countersign migrate up
              countersign migrate status
              countersign migrate show collect_otp
            """,
        subcommands: [
            MigrateUp.self, MigrateDown.self, MigrateStatus.self, MigrateVerify.self, MigratePlan.self,
            MigrateShow.self,
        ])
}

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
    @OptionGroup var cell: CellOption
    @OptionGroup var database: DatabaseOptions

    var installation: InstallationOptions? { groups }

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        let choice = try await cell.choice(&connection)
        let plan = try await migrator.plan(&connection)
        write(choice.map { "\($0);\n\(plan)" } ?? plan)
    }
}

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
              countersign migrate up --cell 1
            """)

    @Flag(help: "Have workers that are too old for the new schema drain first, and wait for them.")
    var drain = false

    /// For rehearsals: files that a newer program would have, those in a folder `current` in place of this one's.
    @Option(name: .customLong("with"), help: .hidden)
    var further: [String] = []

    @OptionGroup var groups: InstallationOptions
    @OptionGroup var cell: CellOption
    @OptionGroup var database: DatabaseOptions

    var installation: InstallationOptions? { groups }

    func files() throws -> [MigrationFile] {
        let others = try further.map { path in
            let file = URL(filePath: path)
            let isCurrent = file.deletingLastPathComponent().lastPathComponent == "current"
            return MigrationFile(
                name: (isCurrent ? "current/" : "") + file.lastPathComponent,
                text: try String(contentsOf: file, encoding: .utf8))
        }
        let changed = Set(others.map(\.name))
        return embeddedMigrations.filter { !changed.contains($0.name) } + others
    }

    func run(_ migrator: Migrator, _ connection: inout Connection) async throws {
        let before = try await groups.renamed(&connection)
        if let before { try await OutdatedWorkers.refuseAny(forGroupsOf: before, &connection) }
        try await OutdatedWorkers.makeWay(for: migrator, drains: drain, &connection) { write($0) }
        if before != nil { try await Installation.forgetFiles(&connection) }
        if let choice = try await cell.choice(&connection) { try await connection.execute(choice) }
        try await migrator.up(&connection) { write("\($0)") }
        guard let before else { return }
        let now = try await Installation.read(&connection)
        try await now.takeLogins(from: before, &connection)
        write(
            "the logins of portals and apps are in the groups \(now.prefix)... now; put those of workers, "
                + "gateways, monitors and administrators there, too: GRANT \(now.prefix)worker TO ...")
    }
}

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

struct MigrateShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Print the SQL of an object as this program has it, applied or not.",
        discussion: """
            An object is a function, table, view, type, index, trigger or policy; a column stands for its table, and \
            the name of a file for all that is in it. Without one, lists what can be shown. Needs no database.

            Examples:
              countersign migrate show
              countersign migrate show collect_otp
              countersign migrate show auth_requests.portal_reads
              countersign migrate show grants
            """)

    @Argument(help: "Its name, with or without its schema, arguments or table.")
    var object: String?

    @OptionGroup var output: OutputOptions

    func run() throws {
        let source = SchemaSource(embeddedMigrations)
        guard let object else { return try list(source) }
        let parts = source.find(object)
        guard !parts.isEmpty else {
            let likely = source.suggestions(for: object)
            throw Failure(
                .usage,
                "this program has no object '\(object)'"
                    + (likely.isEmpty ? "" : "; perhaps \(likely.joined(separator: " or "))")
                    + "; `countersign migrate show` lists what it has")
        }
        write(parts.map { "-- migrations/\($0.file)\n\($0.sql)" }.joined(separator: "\n"), terminator: "")
    }

    private func list(_ source: SchemaSource) throws {
        let records = source.parts.map { part -> Record in
            [
                "file": .text(part.file), "kind": .text(part.object.kind.rawValue),
                "name": .text(part.object.name),
            ]
        }
        try output.show(records, otherwise: "There is nothing to show.")
    }
}
