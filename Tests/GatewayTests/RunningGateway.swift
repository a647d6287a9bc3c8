import Gateway
import HTTPService
import Logging
import Postgres
import ServiceLifecycle
import Support
import Synchronization
import Testing

/// Runs the HTTP side in this process on a free port, with the rights of the gateway, and shuts it down after
/// the body as SIGTERM does.
func withGateway<T: Sendable>(
    _ site: GatewaySite, _ configure: (inout GatewayConfiguration) -> Void = { _ in },
    _ body: (RawHTTP) async throws -> T
) async throws -> T {
    var configuration = GatewayConfiguration(database: Database.current.options(login: site.gateway))
    configuration.http.listen = ListenAddress(host: "127.0.0.1", port: 0)
    configuration.http.limits = .patient
    configuration.poolSize = 4
    configure(&configuration)
    let running = Signal()
    let port = Mutex(0)
    let logger = LogCapture.current.logger("gateway")
    let server = try GatewayServer(configuration, logger: logger) { taken in
        port.withLock { $0 = taken }
        running.fire()
    }
    let group = ServiceGroup(
        configuration: .init(
            services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
            logger: logger))
    let task = Task { try await group.run() }
    do {
        try await running.wait()
        let value = try await body(RawHTTP(port: port.withLock(\.self)))
        await group.triggerGracefulShutdown()
        try await task.value
        return value
    } catch {
        await group.triggerGracefulShutdown()
        try await task.value
        throw error
    }
}

/// The same with a worker beside it.
func withSite<T: Sendable>(
    _ site: GatewaySite, _ configure: (inout GatewayConfiguration) -> Void = { _ in },
    _ body: (RawHTTP) async throws -> T
) async throws -> T {
    try await withWorker(logger: LogCapture.current.logger("worker")) { _ in
        try await withGateway(site, configure, body)
    }
}
