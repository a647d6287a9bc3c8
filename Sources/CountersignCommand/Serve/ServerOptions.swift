import Administration
import ArgumentParser
import Countersign
import Gateway
import HTTPService
import Logging
import Postgres

/// Everything about the HTTP side.
struct ServerOptions: ParsableArguments {
    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var tokens: TokenOptions
    @OptionGroup var demo: DemoOptions
    @OptionGroup var cells: CellsOptions

    /// A server that fits the database's schema, by a login that may stand in for portals and apps: what another one
    /// could not do, each client would meet as an error.
    func server(
        _ database: ConnectionOptions, _ environment: Environment, _ levels: LogLevels, _ logger: Logger,
        _ journal: Journal?
    ) async throws -> GatewayServer {
        var configuration = try gateway.configuration(database, environment)
        configuration.logLevels = levels
        configuration.journal = journal
        configuration.tokens = try tokens.rules(environment)
        configuration.demo = try demo.configuration(environment, configuration)
        configuration.cells = try cells.options(environment, logger)
        let (listen, isTLS) = (configuration.http.listen, configuration.http.tls != nil)
        try Failure.unlessFree(listen.host, listen.port, flag: "--listen")
        var connection = try await Connection.open(database)
        try await Program.schemaRange.check(&connection, schema: Program.schema)
        try await GroupRole.gateway.check(&connection)
        configuration.home = try await CellsOptions.check(configuration.cells, beside: &connection, logger)
        if let fault = try await configuration.fault(&connection) { throw Failure(.configuration, fault) }
        do {
            return try GatewayServer(configuration, logger: logger) { port in
                let address = ListenAddress(host: listen.host, port: port)
                logger.info("serving", metadata: ["address": "\(isTLS ? "https" : "http")://\(address)"])
            }
        } catch {
            throw Failure(.configuration, "the certificate or its key cannot be read: \(error)")
        }
    }
}

extension GroupRole {
    /// Fails with 77, and the group's name in this installation, unless the login belongs to it.
    func check(_ connection: inout Connection) async throws {
        let installation = try await Installation.read(&connection)
        guard try await isHeld(in: installation, &connection) else {
            throw Failure(AdministrationError.notAllowed(self), in: installation)
        }
    }
}
