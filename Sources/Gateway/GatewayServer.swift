import Engine
import HTTPService
package import Logging
package import Postgres
import ServiceLifecycle

/// The HTTP side: portals and apps that cannot speak SQL. A graceful shutdown answers what is under way, long
/// polls with how things stand, and takes no new connections.
package final class GatewayServer: Service {
    /// Wakes requests that wait.
    package let listener: Notifier
    private let notifications: RowNotifications
    private let pool: Pool
    private let server: HTTPServer
    private let schemaWatch: SchemaWatch
    private let logger: Logger

    /// Fails when the certificate cannot be read.
    ///
    /// - Parameter onRunning: is told the port as soon as connections are taken.
    package init(
        _ configuration: GatewayConfiguration, logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        self.logger = logger
        var listening = configuration.database
        listening.applicationName = "countersign gateway listener"
        listener = Notifier(listening)
        notifications = RowNotifications(listener)
        pool = Pool(
            Self.requestOptions(configuration.database), size: configuration.poolSize,
            onWait: PoolMeter("gateway").waited)
        let (clock, hold) = (DatabaseClock(), WorkHold())
        schemaWatch = SchemaWatch(
            pool: pool, hold: hold, levels: configuration.logLevels, clock: clock, logger: logger)
        let database = GatewayDatabase(pool: pool, hold: hold)
        let signIns = SignIns(
            database: database, gathered: GatheredSignIns(database), notifications: notifications)
        var http = configuration.http
        http.meters = HTTPMeters("gateway")
        server = try HTTPServer(
            http, routes: Self.routes(configuration, signIns, clock, logger), logger: logger,
            onRunning: onRunning)
    }

    private static func routes(
        _ configuration: GatewayConfiguration, _ signIns: SignIns, _ clock: DatabaseClock, _ logger: Logger
    ) -> [Route] {
        let authentication = PortalAuthentication(PortalDirectory(signIns.database))
        let origins = AllowedOrigins(signIns.database)
        let browsers = BrowserSignIns(signIns)
        let pages = BrowserRoutes(
            browsers, origins,
            StreamPlaces(StreamPlaces.Limits(connections: configuration.http.limits.connections)),
            configuration.linkTemplate)
        let portals = PortalRoutes(
            authentication: authentication, signIns: signIns, browsers: browsers, origins: origins)
        let apps = configuration.tokens.map { rules in
            AppRoutes(
                verifier: TokenVerifier(rules: rules, keys: KeySet(rules, logger: logger), clock: clock),
                devices: Devices(
                    app: rules.app, database: signIns.database, notifications: signIns.notifications,
                    journal: configuration.journal))
        }
        let demo = configuration.demo.map { DemoRoutes($0, browsers) }
        let api = portals.all + (apps?.all ?? []) + pages.all + WidgetRoutes.all
        return api + [OpenAPI.route(describing: api)] + (demo?.all ?? [])
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup { group in
                group.addTask(name: "notifications") { await self.notifications.run() }
                defer { group.cancelAll() }
                try await serve()
            }
        } onGracefulShutdown: {
            self.notifications.close()
        }
        pool.close()
    }

    /// Ends after a shutdown, when it cannot listen, and when the schema is no longer one that it fits.
    private func serve() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let services = [server.service, schemaWatch] as [any Service]
        let group = ServiceGroup(
            configuration: .init(
                services: services.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
                }, logger: quiet))
        try await group.run()
    }

    /// Requests are short; none may hold a connection for long.
    private static func requestOptions(_ options: ConnectionOptions) -> ConnectionOptions {
        var options = options
        options.applicationName = "countersign gateway"
        options.limitStatements(to: .seconds(10))
        options.needsWrites = true
        options.settings["lock_timeout"] = "\(GatewayDatabase.lockTimeout / .milliseconds(1))ms"
        options.settings["plan_cache_mode"] = "force_generic_plan"
        return options
    }
}
