import ArgumentParser
import Countersign
import HTTPService
import Logging
import Operations
import Postgres

/// The operations server beside a long-running command.
struct OperationsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where to listen for /metrics, /healthz, /readyz and /console, as 127.0.0.1:9090. (default: nowhere)",
            discussion: """
                The console needs a login that is a member of countersign_admin: give it as \
                COUNTERSIGN_OPERATIONS_DATABASE_URL, else the command's own database URL is used.
                """,
            valueName: "host:port"))
    var operationsListen: String?

    /// Nil when nobody asked for one. For the services of the command's group.
    func server(
        _ environment: Environment, database: ConnectionOptions, registry: MetricRegistry,
        notifier: Notifier?,
        logger: Logger
    ) async throws -> OperationsServer? {
        guard let text = operationsListen ?? environment.text("operations-listen") else { return nil }
        guard let address = ListenAddress(text) else {
            throw Failure(.usage, "--operations-listen must be like 127.0.0.1:9090, not '\(text)'")
        }
        try await Failure.unlessFree(address.host, address.port, flag: "--operations-listen")
        var options = database
        if let url = environment.text("operations-database-url") {
            options = ConnectionOptions(url: url, environment: environment.variables)
        }
        options.logger = logger
        var configuration = OperationsServer.Configuration(
            listen: address, database: options, registry: registry)
        configuration.notifier = notifier
        return try OperationsServer(configuration, logger: logger)
    }
}
