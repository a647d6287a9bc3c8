import AsyncHTTPClient
import Countersign
import Foundation
import Logging
import Metrics
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// Sends spans to a collector: OTLP over HTTP, in JSON.
///
/// Nobody waits for it. What the collector does not take within its time is dropped and counted, as is what finds no place
/// meanwhile.
struct SpanExporter: Service {
    let address: String
    let service: String
    let queue: SpanQueue
    let logger: Logger

    private static let pause = Duration.seconds(1)
    private static let patience = TimeAmount.seconds(5)
    private static let batch = 512

    private let sent = Counter(label: "countersign_spans_total", dimensions: [("result", "sent")])
    private let dropped = Counter(label: "countersign_spans_total", dimensions: [("result", "dropped")])

    init(address: String, service: String, queue: SpanQueue, logger: Logger) {
        (self.address, self.service, self.queue, self.logger) = (address, service, queue, logger)
    }

    func run() async throws {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(3)))
        // Over HTTP/2 what decodes answers stops the program at a status that is negative or empty.
        configuration.httpVersion = .http1Only
        // Or each of these requests would be a span.
        configuration.tracing.tracer = nil
        try await HTTPClient.withHTTPClient(configuration: configuration) { client in
            await cancelWhenGracefulShutdown {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.pause)
                    await export(client)
                }
            }
            // A cancelled task sends nothing more.
            await Task { await export(client) }.value
        }
    }

    /// All that there is.
    private func export(_ client: HTTPClient) async {
        while true {
            let (spans, lost) = queue.take(Self.batch)
            if lost > 0 { dropped.increment(by: lost) }
            guard !spans.isEmpty else { return }
            let problem = await send(SpanDocument(spans, service: service), client)
            guard let problem else {
                sent.increment(by: spans.count)
                continue
            }
            dropped.increment(by: spans.count)
            logger.warning(
                "spans were not taken", metadata: ["spans": "\(spans.count)", "problem": .string(problem)])
            return
        }
    }

    /// What has gone wrong; nil when they were taken.
    private func send(_ document: SpanDocument, _ client: HTTPClient) async -> String? {
        var request = HTTPClientRequest(url: address)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(Array(jsonText(document).utf8))
        do {
            let response = try await client.execute(request, timeout: Self.patience)
            _ = try await response.body.collect(upTo: 65_536)
            return (200..<300).contains(response.status.code) ? nil : "HTTP \(response.status.code)"
        } catch {
            return "\(type(of: error))"
        }
    }
}

extension SpanExporter {
    /// `http://collector:4318` as OpenTelemetry has it: what is below the address is `v1/traces`. Fails with 64 for what is
    /// none.
    static func address(_ text: String) throws -> String {
        guard let url = URLComponents(string: text), ["http", "https"].contains(url.scheme),
            url.host?.isEmpty == false, url.user == nil, url.query == nil, url.fragment == nil
        else {
            throw Failure(.usage, "--otlp-endpoint must be like http://127.0.0.1:4318, not '\(text)'")
        }
        return (text.hasSuffix("/") ? String(text.dropLast()) : text) + "/v1/traces"
    }
}
