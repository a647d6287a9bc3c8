import ArgumentParser
import Countersign
import Logging
import Metrics
import Operations
import Postgres

/// `countersign run`.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
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
        do {
            let environment = Environment.current
            let levels = LogLevels(try logs.level(environment))
            let logger = try logs.logger("worker", levels, environment)
            let registry = MetricRegistry()
            MetricsSystem.bootstrap(registry)
            var connection = try database.connectionOptions(environment)
            connection.logger = logger
            let worker = try await worker.worker(connection, environment, levels, logger)
            let server = try await server.server(
                connection, environment, levels, logs.logger("gateway", levels, environment))
            let operations = try operations.server(
                environment, database: connection, registry: registry, notifier: worker.context.notifier,
                logger: logs.logger("operations", levels, environment))
            try await runServices([worker, server] + (operations.map { [$0.service] } ?? []), logger)
        } catch {
            throw Failure(error, role: .gateway)
        }
    }
}
