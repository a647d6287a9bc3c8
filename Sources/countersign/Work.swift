import ArgumentParser
import Countersign
import FoundationEssentials
import Glibc
import Logging
import Metrics
import Operations
import Postgres
import ServiceLifecycle
import UnixSignals
import Webhooks

/// `countersign work`.
struct Work: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a worker: issue codes, judge submissions, expire, deliver webhooks, keep house.",
        discussion: """
            Runs until SIGTERM or SIGINT; then it finishes the batch in hand, gives back what it holds and ends \
            within 10 seconds. Run as many as you like, on as many machines as you like.

            The login must be a member of countersign_worker, and COUNTERSIGN_MASTER_KEY must open what the \
            database holds. LISTEN needs a session of its own: do not connect through a pooler in transaction mode.

            Examples:
              countersign work
              countersign work --stages issue,validate,expire --batch-size 200
              DATABASE_URL=postgres://worker@db/countersign countersign work --log-level debug
            """)

    @OptionGroup var database: DatabaseOptions

    @Option(help: "Which stages to run, separated by commas. (default: all)")
    var stages: String?

    @Option(help: "Rows in a batch, 1 to 1000. (default: 500)")
    var batchSize: Int?

    @OptionGroup var operations: OperationsOptions

    @OptionGroup var logs: LogOptions

    mutating func run() async throws {
        do {
            try await work()
        } catch {
            throw Failure(error, role: .worker)
        }
    }

    private func work() async throws {
        let environment = Environment.current
        let levels = LogLevels(try logs.level(environment))
        let logger = try logs.logger("worker", levels, environment)
        let registry = MetricRegistry()
        MetricsSystem.bootstrap(registry)
        var configuration = WorkerConfiguration(
            database: try database.connectionOptions(environment), host: ProcessInfo.processInfo.hostName,
            processID: getpid())
        configuration.database.logger = logger
        configuration.logLevels = levels
        if let stages = stages ?? environment.text("stages") {
            configuration.stages = try StageName.list(stages)
        }
        if let size = try batchSize ?? environment.value("batch-size") { configuration.batchSize = size }
        guard (1...1000).contains(configuration.batchSize) else {
            throw Failure(.usage, "--batch-size must lie between 1 and 1000, not \(configuration.batchSize)")
        }
        let sealer = Sealer(try environment.masterKeys())
        try await checkFit(configuration.database, sealer)

        let worker = Worker(configuration, dispatch: DispatchStage(sealer: sealer), logger: logger)
        let names = configuration.stages.map(\.rawValue).sorted().joined(separator: ",")
        logger.info(
            "worker starts",
            metadata: [
                "worker": "\(worker.context.workerID)", "stages": "\(names)", "version": "\(Program.version)",
            ])
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: worker, successTerminationBehavior: .gracefullyShutdownGroup)
        ]
        let operations = try operations.server(
            environment, database: configuration.database, registry: registry,
            notifier: worker.context.notifier, logger: logs.logger("operations", levels, environment))
        if let operations { services.append(.init(service: operations.service)) }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
        logger.info("worker ended", metadata: ["worker": "\(worker.context.workerID)"])
    }

    /// Before a row is taken: the schema is one this program works on, and the keys open what is sealed.
    private func checkFit(_ options: ConnectionOptions, _ sealer: Sealer) async throws {
        var connection = try await Connection.open(options)
        try await Program.schemaRange.check(&connection, schema: Program.schema)
        try await sealer.checkMasterKey(&connection)
    }
}
