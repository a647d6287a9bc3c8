import Administration
import ArgumentParser
import Countersign
import HTTPService
import Logging
import Operations
import Postgres
import ServiceLifecycle

/// The operations server beside a long-running command.
struct OperationsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where to listen for /metrics, /healthz, /readyz and /console, as 127.0.0.1:9090. (default: nowhere)",
            discussion: """
                The console needs a login that is a member of countersign_admin: give it as \
                COUNTERSIGN_OPERATIONS_DATABASE_URL, else the command's own database URL is used. Of several workers \
                with one address the first listens there, and the next one when that has ended.
                """,
            valueName: "host:port"))
    var operationsListen: String?

    @Option(
        help: ArgumentHelp(
            "Further names by which it may be asked, as worker-1.internal,localhost. (default: none)",
            discussion: """
                Its address, localhost and the name it listens on are always allowed; any other is refused, as a \
                page of another site could ask by it.
                """, valueName: "names"))
    var operationsHost: String?

    @Option(
        help: ArgumentHelp(
            "A standby from which the console reads its lists of requests and events. (default: the primary)",
            discussion: """
                With the same login, and with a password that does not stand in the URL. While it cannot be asked they \
                are read from the primary.
                """, valueName: "url"))
    var historyURL: String?

    @Option(
        help: ArgumentHelp(
            "Where a collector of OpenTelemetry takes spans by OTLP over HTTP, as http://127.0.0.1:4318. (default: nowhere)",
            discussion: """
                A span of each HTTP request and of each webhook, which go on with the traceparent that they came with. \
                They have no user, code, address or secret. What the collector is too slow for is dropped and counted.
                """, valueName: "url"))
    var otlpEndpoint: String?

    /// Nil when nobody asked for spans. From now on they are made.
    func spans(_ environment: Environment, service: String, logger: Logger) throws -> SpanExporter? {
        guard let text = otlpEndpoint ?? environment.text("otlp-endpoint") else { return nil }
        let queue = SpanQueue()
        let exporter = SpanExporter(
            address: try SpanExporter.address(text), service: service, queue: queue, logger: logger)
        SpanTracer.begin(SpanTracer(queue: queue))
        return exporter
    }

    /// Nil when nobody asked for one. For the services of the command's group. `waits` for an address that is in use;
    /// else that ends the command, with 75.
    func server(
        _ environment: Environment, database: ConnectionOptions, registry: MetricRegistry,
        listeners: [String: Notifier], cells: OperationsServer.Cells,
        findings: @escaping @Sendable () -> [Finding], journal: Journal?,
        waits: Bool, logger: Logger
    ) async throws -> (any Service)? {
        guard let text = operationsListen ?? environment.text("operations-listen") else { return nil }
        guard let address = ListenAddress(text) else {
            throw Failure(.usage, "--operations-listen must be like 127.0.0.1:9090, not '\(text)'")
        }
        do {
            try Failure.unlessFree(address.host, address.port, flag: "--operations-listen")
        } catch let failure as Failure where waits && failure.status == .temporary {}
        var options = database
        if let url = environment.text("operations-database-url") {
            options = try environment.connectionOptions(url)
        }
        options.logger = logger
        var configuration = OperationsServer.Configuration(
            listen: address, database: options, registry: registry)
        let names = (operationsHost ?? environment.text("operations-host") ?? "").split(separator: ",")
        configuration.http.hosts = AllowedHosts(address, more: names.map { String($0.filter { $0 != " " }) })
        (configuration.listeners, configuration.journal) = (listeners, journal)
        configuration.history = try (historyURL ?? environment.text("history-url")).map {
            var history = try environment.connectionOptions($0)
            history.logger = logger
            return history
        }
        (configuration.cells, configuration.findings) = (cells, findings)
        let server = try OperationsServer(configuration, logger: logger)
        return waits ? WaitingServer(server: server, address: address, logger: logger) : server.service
    }
}
