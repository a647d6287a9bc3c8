package import Administration
package import Countersign
import Engine
package import HTTPService
package import Logging
package import Postgres
package import ServiceLifecycle

/// `/metrics`, `/healthz`, `/readyz` and the console, for operators and their machines: never for the internet.
///
/// A service to run beside a worker or the gateway:
/// `ServiceGroupConfiguration(services: [..., .init(service: try OperationsServer(...).service)])`.
package struct OperationsServer: Sendable {
    package struct Configuration: Sendable {
        package var http: HTTPServerConfiguration
        /// A login that may ask for figures: a member of any group but portal and app; of admin for the console.
        package var database: ConnectionOptions
        /// A standby, or another server with the same rows, for the console's lists of requests and events.
        package var history: ConnectionOptions?
        /// What the process counts.
        package var registry: MetricRegistry
        /// The process's listeners by what they wake, `worker` or `gateway`: whether each is alive, `/readyz` and
        /// `/metrics` say.
        package var listeners: [String: Notifier] = [:]
        /// Databases without which the process still does most of its work.
        package var cells = Cells()
        /// What `/readyz` says beside that of what the process does.
        package var findings: @Sendable () -> [Finding] = { [] }
        /// Where it is written down what operators have done.
        package var journal: Journal?

        package init(listen: ListenAddress, database: ConnectionOptions, registry: MetricRegistry) {
            http = HTTPServerConfiguration(listen: listen)
            http.errors = .text
            http.hosts = AllowedHosts(listen)
            http.probes = ["/healthz", "/readyz", "/metrics"]
            (self.database, self.registry) = (database, registry)
        }
    }

    /// Further databases of a process: one that is away is told of, and no reason to send all requests elsewhere.
    package struct Cells: Sendable {
        /// By what `/metrics` calls them.
        package var listeners: [String: Notifier] = [:]
        /// What `/readyz` says of them.
        package var findings: @Sendable () -> [Finding] = { [] }

        package init() {}
    }

    private let server: HTTPServer

    /// `onRunning` is told the port once it listens.
    package init(
        _ configuration: Configuration, logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        let (options, meter) = (
            Self.sessionOptions(configuration.database), PoolMeter("operations", configuration.registry)
        )
        let pool = Pool(options, size: 2, onWait: meter.waited)
        // A process that pages keep waiting is not taken for one that cannot work.
        let probes = ProbeRoutes(
            pool: Pool(options, size: 1, onWait: meter.waited), registry: configuration.registry,
            listeners: configuration.listeners,
            cells: configuration.cells, findings: configuration.findings, logger: logger)
        let console = Console(
            pool: pool, history: configuration.history.map { HistoryServer($0, logger: logger) },
            journal: configuration.journal, logger: logger)
        let host = configuration.http.listen.host
        var http = configuration.http
        http.meters = HTTPMeters("operations", configuration.registry)
        server = try HTTPServer(
            http, routes: probes.all + console.routes, logger: logger
        ) { port in
            logger.notice("operations listens", metadata: ["host": "\(host)", "port": "\(port)"])
            onRunning(port)
        }
    }

    package var service: any Service { server.service }

    /// Pages show what indexes lead to, the newest first. Of a day that nobody has analysed the server believes that little is
    /// there to be sorted: it read 2,000,000 requests through for the 26 of a portal.
    package static func sessionOptions(_ database: ConnectionOptions) -> ConnectionOptions {
        var options = database
        options.applicationName = "countersign operations"
        options.connectTimeout = 2
        options.limitStatements(to: .seconds(5))
        options.settings["lock_timeout"] = "2s"
        options.plan(without: ["seqscan", "bitmapscan"], keepingPlans: false)
        return options
    }
}
