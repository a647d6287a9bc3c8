import AsyncHTTPClient
import Countersign
import Foundation
import HTTPService
import NIOCore
import NIOHTTP1
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
    configuration.notifier = notifier
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

/// Asks a server, without following redirects. Keeps one cookie.
struct Browser {
    struct Answer {
        let status: Int
        let headers: [(name: String, value: String)]
        let body: String

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name }?.value
        }
    }

    let base: String
    var cookie: String?

    init(base: String) { self.base = base }

    private static let client = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.decompression = .disabled
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    func get(_ path: String, headers: [(String, String)] = []) async throws -> Answer {
        try await send("GET", path, headers, nil)
    }

    func head(_ path: String) async throws -> Answer { try await send("HEAD", path, [], nil) }

    /// A form as a page of this server would send it.
    func post(
        _ path: String, _ fields: [(String, String)],
        headers: [(String, String)] = [("sec-fetch-site", "same-origin")]
    ) async throws -> Answer {
        let allowed = CharacterSet.alphanumerics
        let body = fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: allowed) ?? "")"
        }.joined(separator: "&")
        return try await send(
            "POST", path, headers + [("content-type", "application/x-www-form-urlencoded")], body)
    }

    private func send(
        _ method: String, _ path: String, _ headers: [(String, String)], _ body: String?
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = .init(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let cookie { request.headers.add(name: "cookie", value: cookie) }
        if let body { request.body = .bytes(Array(body.utf8)) }
        let response = try await Self.client.execute(request, timeout: .seconds(20))
        let bytes = try await response.body.collect(upTo: 4 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers.map { ($0.name, $0.value) },
            body: String(buffer: bytes))
    }
}
