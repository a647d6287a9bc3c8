import Administration
import ArgumentParser
import Countersign
import Gateway

/// `countersign serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve HTTP to portals and apps that cannot speak SQL.",
        discussion: """
            Portals speak version 4 of the OneWelcome Access API with a client id of `portal credentials`; apps \
            send access tokens of their users. What is served is described at /openapi.json.

            Runs until SIGTERM or SIGINT; then it answers what is under way. The login must be a member of \
            countersign_gateway. LISTEN needs a session of its own: do not connect through a pooler in \
            transaction mode.

            Examples:
              countersign serve
              countersign serve --listen 0.0.0.0:8443 \\
                --tls-certificate chain.pem --tls-key key.pem
              countersign serve --jwks https://id.example/jwks \\
                --jwt-issuer https://id.example --jwt-audience countersign --jwt-app mobile
              countersign serve --demo --demo-portal acme
              countersign serve --cell 1=postgres://gateway1@db2/countersign
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var options: ServerOptions
    @OptionGroup var operations: OperationsOptions
    @OptionGroup var logs: LogOptions

    mutating func run() async throws {
        do {
            let setup = try ServiceSetup("gateway", database, logs)
            let server = try await options.server(
                setup.connection, setup.environment, setup.levels, setup.logger, setup.journal)
            try await setup.run(
                [server], operations, listeners: ["gateway": server.listener],
                cells: server.operationsCells)
        } catch {
            throw Failure(error, role: .gateway)
        }
    }
}
