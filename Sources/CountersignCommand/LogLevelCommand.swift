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
        subcommands: actionCommands("log-level") + [LogLevelList.self])
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
