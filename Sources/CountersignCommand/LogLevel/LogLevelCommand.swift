import Administration
import ArgumentParser
import Countersign
import Postgres

struct LogLevelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level",
        abstract: "How much running programs log, by module.",
        discussion: """
            Modules: \(LogLevels.modules.dropFirst().joined(separator: ", ")); all stands for those without a \
            level of their own. Running programs follow within two seconds.

            Examples:
              countersign log-level set issue=debug all=warning
              countersign log-level set issue=default
              countersign log-level list
            """,
        subcommands: [LogLevelSet.self, LogLevelList.self])
}

struct LogLevelSet: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change levels.",
        discussion: "Example:\n  countersign log-level set dispatch=trace validate=default")

    @Argument(
        help: ArgumentHelp(
            "A module and trace, debug, info, notice, warning, error, critical or default.",
            valueName: "module=level"))
    var assignments: [String]

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { get throws { try assignments.map(action) } }

    private func action(_ assignment: String) throws -> OperatorAction {
        let parts = assignment.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        guard parts.count == 2 else { throw Failure(.usage, "'\(assignment)' is not like issue=debug") }
        return try .setLogLevel(module: parts[0], typed: parts[1])
    }
}

struct LogLevelList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the modules whose level was changed.",
        discussion: "Example:\n  countersign log-level list")
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await LogLevel.list(&connection).map { level -> Record in
            [
                "module": .text(level.module), "level": .text(level.level),
                "updated_at": .time(level.updatedAt),
            ]
        }
        try output.show(records, otherwise: "Every module logs as its program was started.")
    }
}
