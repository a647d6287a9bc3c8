import ArgumentParser
import Countersign
import Gateway
import Logging
import Postgres

/// Everything about the HTTP side.
struct ServerOptions: ParsableArguments {
    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var tokens: TokenOptions
    @OptionGroup var demo: DemoOptions

    /// A server that fits the database's schema.
    func server(
        _ database: ConnectionOptions, _ environment: Environment, _ levels: LogLevels, _ logger: Logger
    ) async throws -> GatewayServer {
        var configuration = try gateway.configuration(database, environment)
        configuration.logLevels = levels
        configuration.tokens = try tokens.rules(environment)
        configuration.demo = try demo.configuration(environment, configuration)
        try await Failure.unlessFree(configuration.host, configuration.port, flag: "--listen")
        var connection = try await Connection.open(database)
        try await Program.schemaRange.check(&connection, schema: Program.schema)
        if let fault = try await configuration.fault(&connection) { throw Failure(.configuration, fault) }
        let (host, isTLS) = (configuration.host, configuration.tls != nil)
        do {
            return try GatewayServer(configuration, logger: logger) { port in
                logger.info(
                    "serving", metadata: ["address": "\(isTLS ? "https" : "http")://\(host):\(port)"])
            }
        } catch {
            throw Failure(.configuration, "the certificate or its key cannot be read: \(error)")
        }
    }
}
