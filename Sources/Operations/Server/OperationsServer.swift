import Administration
import CoreMetrics
import Countersign
import Engine
import Hummingbird
package import Logging
package import Postgres
package import ServiceLifecycle

/// `/metrics`, `/healthz`, `/readyz` and the console, for operators and their machines: never for the internet.
///
/// A service to run beside a worker or the gateway:
/// `ServiceGroupConfiguration(services: [..., .init(service: try OperationsServer(...).service)])`.
package struct OperationsServer: Sendable {
    package struct Configuration: Sendable {
        /// `host:port`.
        package var listen: ListenAddress
        /// A login that may ask for figures: a member of any group but portal and app; of admin for the console.
        package var database: ConnectionOptions
        /// What the process counts.
        package var registry: MetricRegistry
        /// The process's listener, if it has one: `/readyz` looks whether it is alive.
        package var notifier: Notifier?

        package init(listen: ListenAddress, database: ConnectionOptions, registry: MetricRegistry) {
            (self.listen, self.database, self.registry) = (listen, database, registry)
        }
    }

    private let configuration: Configuration
    private let pool: Pool
    private let logger: Logger
    private let onRunning: @Sendable (Int) -> Void

    /// `onRunning` is told the port once it listens.
    package init(
        _ configuration: Configuration, logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        var options = configuration.database
        options.applicationName = "countersign operations"
        options.connectTimeout = 2
        options.limitStatements(to: .seconds(5))
        options.settings["lock_timeout"] = "2s"
        self.configuration = configuration
        self.logger = logger
        self.onRunning = onRunning
        pool = Pool(
            options, size: 3, onWait: PoolMeter("operations", configuration.registry).waited)
    }

    package var service: any Service {
        let address = configuration.listen
        let (logger, onRunning) = (logger, onRunning)
        return Application(
            router: router,
            configuration: .init(address: .hostname(address.host, port: address.port), serverName: nil),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? address.port
                logger.notice("operations listens", metadata: ["host": "\(address.host)", "port": "\(port)"])
                onRunning(port)
            }, logger: quiet)
    }

    /// The server's own lines say nothing that ours do not.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = .error
        return logger
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        router.add(middleware: RequestLogging(logger: logger))
        router.get("healthz") { _, _ in Response(plain: "ok\n") }
        router.get("readyz") { [self] _, _ in await readiness() }
        router.get("metrics") { [self] request, _ in await metrics(request.headers[.accept]) }
        Console(pool: pool, logger: logger).addRoutes(to: router)
        return router
    }
}

extension OperationsServer {
    /// 200 when this process can do its work, 503 when not; a line each thing that was looked at.
    private func readiness() async -> Response {
        var findings: [Finding]
        do {
            findings = try await pool.withConnection { try await Readiness.check(&$0) }
        } catch {
            findings = [Readiness.unreachable(error)]
        }
        if let notifier = configuration.notifier { findings.append(Readiness.listener(notifier.isAlive)) }
        let isReady = findings.allSatisfy { $0.grade != .error }
        return Response(plain: findings.map(\.line).joined(), status: isReady ? .ok : .serviceUnavailable)
    }

    /// What the process has counted is there also when the database is not.
    private func metrics(_ accept: String?) async -> Response {
        let exposition = Exposition(accept: accept)
        var families = configuration.registry.families
        families.append(
            MetricFamily(
                "countersign_build_info", .gauge,
                [
                    .init(
                        labels: [
                            .init(name: "version", value: Program.version),
                            .init(name: "number", value: "\(Program.number)"),
                        ], value: 1)
                ]))
        do {
            families += try await pool.withConnection { try await DatabaseFigures.read(&$0) }.families
            families.append(.gauge("countersign_database_up", [("", 1)]))
        } catch {
            logger.warning("metrics without the database", metadata: ["error": "\(error)"])
            families.append(.gauge("countersign_database_up", [("", 0)]))
        }
        let text = exposition.write(families.sorted { $0.name < $1.name })
        return Response(plain: text, type: exposition.contentType)
    }
}

extension Finding {
    /// `error default partitions: hold rows: events (3). Look why ...`
    package var line: String {
        "\(grade.rawValue) \(check): \(finding)" + (advice.isEmpty ? "" : ". \(advice)") + "\n"
    }
}

extension Response {
    init(plain text: String, status: HTTPResponse.Status = .ok, type: String = "text/plain; charset=utf-8") {
        self.init(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
