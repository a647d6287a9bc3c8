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
        subcommands: [StageList.self, StagePause.self, StageResume.self, StageBatchSize.self])
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
                "batch_size": .number(control.batchSize), "updated_at": .time(control.updatedAt),
            ]
        }
        try output.show(records, otherwise: "There are no stages.")
    }
}

struct StagePause: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Have no worker take rows of these stages.",
        discussion: "Example:\n  countersign stage pause issue validate")

    @Argument(help: "Stages: enroll, issue, validate, expire, dispatch, housekeep.", completion: stages)
    var names: [String]

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { get throws { try names.map { .pauseStage(try StageName(typed: $0)) } } }
}

struct StageResume: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let the workers go on with these stages.",
        discussion: "Example:\n  countersign stage resume issue validate")

    @Argument(help: "Stages: enroll, issue, validate, expire, dispatch, housekeep.", completion: stages)
    var names: [String]

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] { get throws { try names.map { .resumeStage(try StageName(typed: $0)) } } }
}

struct StageBatchSize: ActionCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch-size", abstract: "Change how many rows a batch of a stage takes at most.",
        discussion: """
            Wins over --batch-size of every worker, until `default` leaves it to them again.

            Examples:
              countersign stage batch-size issue 100
              countersign stage batch-size issue default
            """)

    @Argument(help: "The stage.", completion: stages)
    var name: String

    @Argument(help: "1 to 1000, or default.")
    var size: String

    @OptionGroup var database: DatabaseOptions

    var actions: [OperatorAction] {
        get throws { [try .setBatchSize(StageName(typed: name), typed: size)] }
    }
}

private let stages = CompletionKind.list(StageName.allCases.map(\.rawValue))
