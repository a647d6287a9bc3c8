package import Administration
import Engine
import HTTPService
package import Logging
package import Postgres
import ServiceLifecycle

/// The HTTP side: portals and apps that cannot speak SQL. A graceful shutdown answers what is under way, long
/// polls with how things stand, and takes no new connections.
package final class GatewayServer: Service {
    private let cells: Cells
    private let server: HTTPServer
    private let logger: Logger

    /// Fails when the certificate cannot be read.
    ///
    /// - Parameter onRunning: is told the port as soon as connections are taken.
    package init(
        _ configuration: GatewayConfiguration, logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) throws {
        self.logger = logger
        let clock = DatabaseClock()
        let home = GatewayCell(
            configuration.home, configuration.database, configuration,
            .home(isOnlyOne: configuration.cells.isEmpty), clock, logger)
        let others = configuration.cells.sorted { $0.key < $1.key }.map { number, options in
            GatewayCell(number, options, configuration, .cell(number), clock, logger)
        }
        cells = Cells(home: home, others: others, logger: logger)
        var http = configuration.http
        http.meters = HTTPMeters("gateway")
        server = try HTTPServer(
            http, routes: Self.routes(configuration, cells, clock, logger), logger: logger,
            onRunning: onRunning)
    }

    private static func routes(
        _ configuration: GatewayConfiguration, _ cells: Cells, _ clock: DatabaseClock, _ logger: Logger
    ) -> [Route] {
        let places = StreamPlaces(StreamPlaces.Limits(connections: configuration.http.limits.connections))
        let pages = cells.routes {
            BrowserRoutes($0.browsers, $0.origins, places, configuration.linkTemplate).all
        }
        let portals = PortalRoutes(
            authentication: PortalAuthentication(
                PortalDirectory(cells, freshness: configuration.credentialFreshness)), cells: cells,
            waits: PortalWaits(connections: configuration.http.limits.connections, places: places))
        let apps = configuration.tokens.flatMap { rules in
            cells.home.devices.map { devices in
                AppRoutes(
                    verifier: TokenVerifier(rules: rules, keys: KeySet(rules, logger: logger), clock: clock),
                    devices: devices, judges: { cells[$0].devices })
            }
        }
        let demo = configuration.demo.map { DemoRoutes($0, cells.home.browsers) }
        let api = portals.all + (apps?.all ?? []) + pages + WidgetRoutes.all
        return api + [OpenAPI.route(describing: api)] + (demo?.all ?? [])
    }

    /// Wakes requests that wait.
    package var listener: Notifier { cells.home.listener }

    /// The same of the cells beside the home, by what `/metrics` calls them.
    package var cellListeners: [String: Notifier] {
        Dictionary(
            uniqueKeysWithValues: cells.all.dropFirst().map { ("gateway, cell \($0.number)", $0.listener) })
    }

    /// What is to be said of the cells beside the home, which `/readyz` asks itself: one that is away is no reason to send
    /// everybody's requests elsewhere.
    package var cellFindings: [Finding] {
        cells.all.dropFirst().map { cell in
            cell.isAway
                ? Finding(
                    "cell \(cell.number)", .warning, "did not answer; its portals get 503",
                    "Look whether its server runs and lets this login in; the log says more.")
                : Finding("cell \(cell.number)", .ok, "answers")
        }
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup { group in
                for cell in cells.all { group.addTask(name: "notifications") { await cell.listen() } }
                defer { group.cancelAll() }
                try await serve()
            }
        } onGracefulShutdown: {
            for cell in self.cells.all { cell.stopWaiting() }
        }
        for cell in cells.all { cell.close() }
    }

    /// Ends after a shutdown, when it cannot listen, and when the schema is no longer one that it fits.
    private func serve() async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .notice)
        let services = [server.service] + cells.all.map(\.watch) as [any Service]
        let group = ServiceGroup(
            configuration: .init(
                services: services.map {
                    .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
                }, logger: quiet))
        try await group.run()
    }
}
