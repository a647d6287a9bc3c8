import HTTPService
import Hummingbird
import Logging
import ServiceLifecycle
import Support
import Synchronization
import Testing

/// Serves those routes in this process on a free port while the body runs.
func withServer<T: Sendable>(
    _ routes: [Route], _ configure: (inout HTTPServerConfiguration) -> Void = { _ in },
    _ body: (RawHTTP) async throws -> T
) async throws -> T {
    var configuration = HTTPServerConfiguration(listen: ListenAddress(host: "127.0.0.1", port: 0))
    configuration.limits = .patient
    configure(&configuration)
    let running = Signal()
    let port = Mutex(0)
    let server = try HTTPServer(configuration, routes: routes, logger: Logger(label: "test")) { taken in
        port.withLock { $0 = taken }
        running.fire()
    }
    let service = server.service
    let task = Task { try await service.run() }
    defer { task.cancel() }
    try await running.wait()
    return try await body(RawHTTP(port: port.withLock(\.self)))
}

extension Route {
    /// Answers at once.
    static let ok = Route(.get, "/") { _ in .text("ok\n") }

    /// Reads its form and answers how many fields it has.
    static let form = Route(.post, "/form") {
        .text("\(try await $0.form(lenient: ["note"]).values.count)\n")
    }
}
