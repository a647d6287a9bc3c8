import Administration
import ArgumentParser
import Countersign
import Postgres

struct StageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage",
        abstract: "What every worker is told about a stage: pause, go on, take smaller batches.",
        discussion: """
            Every worker obeys within two seconds, and finishes the batch in hand. Rows of a paused stage wait.

            Examples:
              countersign stage list
              countersign stage pause dispatch
              countersign stage batch-size issue 100
            """,
        subcommands: [StageList.self] + actionCommands("stage"))
}

struct StageList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the stages and what workers are told about them.",
        discussion: "Example:\n  countersign stage list --json")
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let records = try await StageControl.list(&connection).map { control -> Record in
            [
                "stage": .text(control.stage), "paused": .flag(control.isPaused),
                "paused_by": .text(control.pause?.by), "paused_since": .time(control.pause?.since),
                "batch_size": .number(control.batchSize), "updated_at": .time(control.updatedAt),
            ]
        }
        try output.show(records, otherwise: "There are no stages.")
    }
}
