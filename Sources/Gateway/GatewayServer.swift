import Engine
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
package import Logging
import NIOCore
import Postgres
import ServiceLifecycle
import Synchronization

/// The HTTP side: portals and apps that cannot speak SQL. A graceful shutdown answers what is under way, long
/// polls with how things stand, and takes no new connections.
package final class GatewayServer: Service {
    private let configuration: GatewayConfiguration
    private let logger: Logger
    private let switchboard: Switchboard
    private let pool: Pool
    private let endpoints: [Endpoint]
    private let builder: HTTPServerBuilder
    private let onRunning: @Sendable (Int) -> Void

    /// Fails when the certificate cannot be read.
    ///
    /// - Parameter onRunning: is told the port as soon as connections are taken.
    package init(
        _ configuration: GatewayConfiguration, logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        self.configuration = configuration
        self.logger = logger
        self.onRunning = onRunning
        var listening = configuration.database
        listening.applicationName = "countersign gateway listener"
        switchboard = Switchboard(Notifier(listening))
        pool = Pool(
            Self.requestOptions(configuration.database), size: configuration.poolSize,
            onWait: PoolMeter("gateway").waited)
        builder = try Self.builder(configuration)
        let desk = Desk(pool: pool)
        let signIns = SignIns(desk: desk, switchboard: switchboard)
        endpoints = Self.endpoints(configuration, signIns, logger)
    }

    private static func endpoints(
        _ configuration: GatewayConfiguration, _ signIns: SignIns, _ logger: Logger
    ) -> [Endpoint] {
        let authentication = PortalAuthentication(PortalDirectory(signIns.desk))
        let portals = PortalEndpoints(authentication: authentication, signIns: signIns)
        let apps = configuration.tokens.map { rules in
            AppEndpoints(
                verifier: TokenVerifier(rules: rules, keys: KeySet(rules, logger: logger)),
                devices: Devices(app: rules.app, desk: signIns.desk, switchboard: signIns.switchboard))
        }
        let demo = configuration.demo.map {
            DemoEndpoints(settings: $0, template: configuration.linkTemplate, signIns: signIns)
        }
        let api = portals.all + (apps?.all ?? [])
        return api + [OpenAPI.endpoint(describing: api)] + (demo?.all ?? [])
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup { group in
                group.addTask(name: "switchboard") { await self.switchboard.run() }
                defer { group.cancelAll() }
                try await serve()
            }
        } onGracefulShutdown: {
            self.switchboard.close()
        }
        pool.close()
    }

    /// Ends after a shutdown, when it cannot listen, and when the schema is no longer one that it fits.
    private func serve() async throws {
        let fitness = SchemaWatch(pool: pool, levels: configuration.logLevels, logger: logger)
        let services = [application, fitness] as [any Service]
        let group = ServiceGroup(
            configuration: .init(
                services: services.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
                }, logger: quietLogger))
        try await group.run()
    }

    private var application: some ApplicationProtocol {
        var settings = ApplicationConfiguration(
            address: .hostname(configuration.host, port: configuration.port))
        settings.availableConnectionsDelegate = MaximumAvailableConnections(configuration.limits.connections)
        let dispatcher = Dispatcher(
            endpoints: endpoints, proxies: configuration.proxies, bodyLimit: configuration.limits.bodyBytes,
            logger: logger)
        return Application(
            responder: dispatcher, server: builder, configuration: settings,
            onServerRunning: { [onRunning] channel in onRunning(channel.localAddress?.port ?? 0) },
            logger: quietLogger)
    }

    /// The framework tells of its own doings; from notice on it has something to say.
    private var quietLogger: Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        return quiet
    }

    private static func builder(_ configuration: GatewayConfiguration) throws -> HTTPServerBuilder {
        let limits = configuration.limits
        let plain = HTTPServerBuilder { responder in LimitedChannel(limits, responder: responder) }
        guard let files = configuration.tls else { return plain }
        let chain = try NIOSSLCertificate.fromPEMFile(files.certificate)
        let key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        return try .tls(
            plain,
            tlsConfiguration: .makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
    }

    /// Requests are short; none may hold a connection for long.
    private static func requestOptions(_ options: ConnectionOptions) -> ConnectionOptions {
        var options = options
        options.applicationName = "countersign gateway"
        options.limitStatements(to: .seconds(10))
        options.needsWrites = true
        options.settings["lock_timeout"] = "5s"
        options.settings["plan_cache_mode"] = "force_generic_plan"
        return options
    }
}
