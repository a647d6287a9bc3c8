import Administration
import ArgumentParser
import Engine
import Gateway

/// `countersign run`.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a worker and serve HTTP in one process.",
        discussion: """
            The whole system beside its database: `work` and `serve` together, for small deployments. The login \
            must be a member of countersign_worker and of countersign_gateway, and COUNTERSIGN_MASTER_KEY must open \
            what the database holds. On SIGTERM the server ends first, so that what is under way is still answered.

            Examples:
              countersign run
              countersign run --demo --demo-portal acme
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var worker: WorkerOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var operations: OperationsOptions
    @OptionGroup var logs: LogOptions

    mutating func run() async throws {
        var needed = GroupRole.worker
        do {
            let setup = try ServiceSetup("worker", database, logs)
            let (worker, findings) = try await worker.worker(
                setup.connection, setup.environment, setup.levels, setup.logger, setup.journal)
            needed = .gateway
            let server = try await server.server(
                setup.connection, setup.environment, setup.levels, setup.logger("gateway"),
                setup.journal)
            try await setup.run(
                [worker, server], operations,
                listeners: ["worker": worker.context.notifier, "gateway": server.listener],
                cells: server.operationsCells, findings: findings)
        } catch {
            throw Failure(error, role: needed)
        }
    }
}
