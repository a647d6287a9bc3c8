import Administration
import ArgumentParser
import Countersign
import Foundation
import Postgres

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract:
            "The configuration as one file: switches, types, portals, apps, and what is told to stages.",
        discussion: """
            Examples:
              countersign config export > countersign.yaml
              countersign config plan countersign.yaml
              countersign config apply countersign.yaml
            """,
        subcommands: [ConfigExport.self, ConfigPlanCommand.self, ConfigApply.self])
}

struct ConfigExport: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print the configuration as YAML.",
        discussion: """
            No secret is in it: passwords of callback addresses stand there as env:NAME, a variable that whoever \
            applies the file somewhere else has to set; client ids and accounts get new secrets there.

            Example:
              countersign config export > countersign.yaml
            """)
    static let role: GroupRole? = .admin

    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        write(try await ConfigState.read(&connection).tree.yaml, terminator: "")
    }
}

/// The file, and what of it is done.
struct ConfigOptions: ParsableArguments {
    @Argument(help: "The file; - is standard input.", completion: .file(extensions: ["yaml", "yml"]))
    var file: String

    @Flag(
        help: ArgumentHelp(
            "Remove what the file does not name, where it names others of its kind.",
            discussion:
                "Portals, apps, types, messages, addresses, origins, client ids, log levels, accounts."))
    var prune = false

    /// Fails with 65 when it cannot be read.
    func read() throws -> ConfigFile {
        let bytes: [UInt8]
        do {
            let handle =
                file == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: file))
            bytes = Array(try handle.read(upToCount: ConfigFile.longest + 1) ?? Data())
        } catch {
            throw Failure(.configuration, "\(file) cannot be read")
        }
        do { return try ConfigFile(bytes) } catch { throw failure(error) }
    }

    func plan(_ file: ConfigFile, _ connection: inout Connection) async throws -> ConfigPlan {
        let environment = Environment.current
        do {
            let plan = try await ConfigPlan.make(
                file, prunes: try prune || environment.isOn("prune"),
                SecretSource(environment: environment.variables),
                sealer: { Sealer(try Environment.current.masterKeys()) }, &connection)
            try await plan.rehearse(&connection)
            tell(plan)
            return plan
        } catch let error as ConfigError {
            throw failure(error)
        }
    }

    /// On standard error, beside the difference.
    private func tell(_ plan: ConfigPlan) {
        for reference in plan.unread {
            writeError("countersign: there is no secret at \(plain(reference)): what the database has stays")
        }
        guard !plan.unnamed.isEmpty else { return }
        let names = plan.unnamed.map(plain).joined(separator: ", ")
        writeError("countersign: not in the file, and left alone without --prune: \(names)")
    }

    func failure(_ error: ConfigError) -> Failure {
        let name = file == "-" ? "standard input" : file
        return Failure(.data, name + (error.line.map { ":\($0)" } ?? "") + ": " + error.sentence)
    }
}

struct ConfigPlanCommand: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what applying a file would change, and change nothing.",
        discussion: """
            Ends with 0 when there is no difference and with 2 when there is one, which it shows: what goes has a minus, \
            what comes a plus. All of it is tried in a transaction that is taken back, so that what would be \
            refused is told now, with its line.

            Examples:
              countersign config plan countersign.yaml
              countersign config plan countersign.yaml --prune
            """)
    static let role: GroupRole? = .admin

    @OptionGroup var options: ConfigOptions
    @OptionGroup var database: DatabaseOptions

    private var file: ConfigFile?

    mutating func prepare() throws { file = try options.read() }

    func run(_ connection: inout Connection) async throws {
        guard let file else { return }
        let plan = try await options.plan(file, &connection)
        guard !plan.difference.isEmpty else { return }
        show(plan)
        throw Failure(.difference, "the database differs from \(options.file)")
    }

    private enum CodingKeys: CodingKey { case options, database }
}

private func show(_ plan: ConfigPlan) {
    for line in plan.difference { write(plain(line)) }
}

struct ConfigApply: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the database what a file says, after showing what changes.",
        discussion: """
            What the file does not name stays as it is, unless --prune is given. Shows what `config plan` shows and \
            asks; a script gives --yes. All of it happens in one transaction or none of it, and none when \
            somebody has changed the configuration meanwhile. Secrets are referred to, as env:NAME or file:PATH. A \
            new portal or app whose file refers to none gets generated ones, which are printed this once. \
            COUNTERSIGN_MASTER_KEY must be set where secrets are stored or compared.

            Examples:
              countersign config apply countersign.yaml
              countersign config apply countersign.yaml --yes --prune
            """)
    static let role: GroupRole? = .admin

    @OptionGroup var options: ConfigOptions
    @OptionGroup var confirmation: Confirmation
    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    private var file: ConfigFile?

    mutating func prepare() throws { file = try options.read() }

    func run(_ connection: inout Connection) async throws {
        guard let file else { return }
        let journal = try database.openJournal()
        let plan = try await options.plan(file, &connection)
        guard !plan.difference.isEmpty else {
            return try output.wantsJSON ? write("[]") : write("there is nothing to change")
        }
        for line in plan.difference { writeError(plain(line)) }
        try confirmation.ask("This is changed")
        do {
            try await ConfigLock.take(&connection)
            try await connection.handOver(text) { connection in
                let outcome = try await plan.apply(&connection)
                for line in outcome.journal { try await journal?.append(line) }
                return outcome
            }
        } catch is ConfigChanged {
            throw Failure(
                .temporary,
                "somebody has changed the configuration meanwhile, and nothing was done: try again")
        } catch let error as ConfigError {
            throw options.failure(error)
        }
    }

    private func text(_ outcome: ConfigOutcome) throws -> String {
        guard try !output.wantsJSON else {
            return Field.records(outcome.shown.map(\.record)).json()
        }
        return (outcome.sentences + (try outcome.shown.map { try output.text(of: $0) })).joined(
            separator: "\n")
    }

    private enum CodingKeys: CodingKey { case options, confirmation, output, database }
}

extension ShownOnce {
    fileprivate var record: Record {
        var record: Record = ["done": .text(sentence)]
        for fact in facts { record.append(fact.name, .text(fact.value)) }
        return record
    }
}
