import ArgumentParser
import Countersign
import Logging
import Metrics
import Operations
import Postgres
import ServiceLifecycle
import UnixSignals

/// `countersign serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve HTTP to portals and apps that cannot speak SQL.",
        discussion: """
            Portals speak version 4 of the OneWelcome Access API with a client id of `portal credentials`; apps \
            send access tokens of their users. What is served is described at /openapi.json.

            Runs until SIGTERM or SIGINT; then it answers what is under way. The login must be a member of \
            countersign_gateway. LISTEN needs a session of its own: do not connect through a pooler in \
            transaction mode.

            Examples:
              countersign serve
              countersign serve --listen 0.0.0.0:8443 --tls-certificate chain.pem --tls-key key.pem
              countersign serve --jwks https://id.example/jwks --jwt-issuer https://id.example \\
                --jwt-audience countersign --jwt-app mobile
              countersign serve --demo --demo-portal acme
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var options: ServerOptions
    @OptionGroup var operations: OperationsOptions
    @OptionGroup var logs: LogOptions

    mutating func run() async throws {
        do {
            let environment = Environment.current
            let levels = LogLevels(try logs.level(environment))
            let logger = try logs.logger("gateway", levels, environment)
            let registry = MetricRegistry()
            MetricsSystem.bootstrap(registry)
            var connection = try database.connectionOptions(environment)
            connection.logger = logger
            let server = try await options.server(connection, environment, levels, logger)
            let operations = try operations.server(
                environment, database: connection, registry: registry, notifier: nil,
                logger: logs.logger("operations", levels, environment))
            try await runServices([server] + (operations.map { [$0.service] } ?? []), logger)
        } catch {
            throw Failure(error, role: .gateway)
        }
    }
}

/// Runs them until SIGTERM or SIGINT, or until one ends; then the later ones are shut down first.
func runServices(_ services: [any Service], _ logger: Logger) async throws {
    let group = ServiceGroup(
        configuration: ServiceGroupConfiguration(
            services: services.map {
                .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
            },
            gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    do {
        try await group.run()
    } catch let error where "\(error)".contains("bind") {
        throw Failure(.unavailable, "cannot listen: \(error)")
    }
}
