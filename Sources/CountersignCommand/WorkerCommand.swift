import Administration
import ArgumentParser
import Postgres

struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Who works, and ending one in good order.",
        discussion: """
            Examples:
              countersign worker list
              countersign worker drain 0198c2f4-5b1e-7c3a-9f00-3d2a1b0c9e8f
            """,
        subcommands: [WorkerList.self] + actionCommands("worker"))
}

struct WorkerList: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the workers heard of within 15 seconds.",
        discussion: "Example:\n  countersign worker list --json")
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let status = try await SystemStatus.read(&connection)
        try output.show(
            status.workers.map { workerRecord($0, at: status.time) }, otherwise: "No worker is running.")
    }
}
