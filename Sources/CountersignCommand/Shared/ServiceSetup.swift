import Administration
import Countersign
import Glibc
import Logging
import Metrics
import NIOCore
import Operations
import Postgres
import ServiceLifecycle
import UnixSignals

/// What every long-running command begins with: its loggers, its metrics, where the database is.
struct ServiceSetup {
    let environment: Environment
    let levels: LogLevels
    let logger: Logger
    let connection: ConnectionOptions
    let journal: Journal?
    private let logs: LogOptions
    private let registry = MetricRegistry()

    /// `module` is what `countersign log-level set` calls the command's own logger. Takes the process's metrics, so
    /// there is one in a process.
    init(_ module: String, _ database: DatabaseOptions, _ logs: LogOptions) throws {
        environment = Environment.current
        self.logs = logs
        levels = LogLevels(try logs.level(environment))
        logger = try logs.logger(module, levels, environment)
        MetricsSystem.bootstrap(registry)
        var connection = try database.connectionOptions(environment)
        connection.logger = logger
        self.connection = connection
        journal = try database.openJournal(environment)
    }

    func logger(_ module: String) throws -> Logger { try logs.logger(module, levels, environment) }

    /// Runs them, and the operations server if it is asked for, until SIGTERM or SIGINT, or until one ends; then the
    /// later ones are shut down first. `listeners` are theirs, by what they wake; `findings` is what `/readyz` says of
    /// them. `waits` for an operations address that is in use.
    func run(
        _ services: [any Service], _ operations: OperationsOptions, listeners: [String: Notifier],
        cells: OperationsServer.Cells = OperationsServer.Cells(),
        findings: @escaping @Sendable () -> [Finding] = { [] }, waits: Bool = false
    ) async throws {
        let server = try await operations.server(
            environment, database: connection, registry: registry, listeners: listeners, cells: cells,
            findings: findings, journal: journal, waits: waits, logger: logger("operations"))
        let spans = try operations.spans(
            environment, service: "countersign-\(logger.label)", logger: logger("spans"))
        // The first is shut down last, so that it sends what the others have ended with.
        let all = (spans.map { [$0] } ?? []) + services + (server.map { [$0] } ?? [])
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: all.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
                },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw Failure(.temporary, "cannot listen: an address was taken meanwhile, or is given twice")
        }
    }
}
