import Countersign
import HTTPService
import Operations
import Postgres
import ServiceLifecycle
import Support
import Synchronization
import Testing

/// An operations server on a free port while the body runs.
func withOperations<T: Sendable>(
    _ options: ConnectionOptions? = nil, registry: MetricRegistry = MetricRegistry(),
    notifier: Notifier? = nil, configure: (inout OperationsServer.Configuration) -> Void = { _ in },
    _ body: (Browser) async throws -> T
) async throws -> T {
    let port = Mutex(0)
    let listening = Signal()
    var configuration = OperationsServer.Configuration(
        listen: ListenAddress("127.0.0.1:0")!, database: options ?? Database.current.ownerOptions,
        registry: registry)
    configuration.http.limits = .patient
    if let notifier { configuration.listeners = ["worker": notifier] }
    configure(&configuration)
    let server = try OperationsServer(configuration, logger: LogCapture.current.logger("operations")) {
        given in
        port.withLock { $0 = given }
        listening.fire()
    }
    let service = server.service
    let running = Task { try await service.run() }
    defer { running.cancel() }
    try await listening.wait()
    return try await body(Browser(base: "http://127.0.0.1:\(port.withLock(\.self))"))
}
