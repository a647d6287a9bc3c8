import Countersign
import Foundation
import Postgres
import Support
import Testing
import Tracing

/// Spans as a collector gets them, from the real programs.
@Suite(.database) struct SpanTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let caller = "00f067aa0ba902b7"
    private static let header = "00-\(trace)-\(caller)-01"

    private struct Span: Decodable {
        struct Attribute: Decodable {
            struct Value: Decodable {
                let stringValue: String?
                let intValue: String?
            }

            let key: String
            let value: Value
        }

        let traceId: String
        let spanId: String
        let parentSpanId: String?
        let name: String
        let kind: Int
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        let attributes: [Attribute]

        var facts: [String: String] {
            Dictionary(
                uniqueKeysWithValues: attributes.map {
                    ($0.key, $0.value.stringValue ?? $0.value.intValue ?? "")
                })
        }
    }

    private struct Document: Decodable {
        struct Resource: Decodable {
            struct Scope: Decodable { let spans: [Span] }

            let scopeSpans: [Scope]
        }

        let resourceSpans: [Resource]
    }

    private func sent(to collector: Receiver) throws -> [Span] {
        try collector.received.filter { $0.path == "/v1/traces" }.flatMap { received in
            try JSONDecoder().decode(Document.self, from: Data(received.body)).resourceSpans.flatMap {
                $0.scopeSpans.flatMap(\.spans)
            }
        }
    }

    private func get(_ port: Int, _ path: String, _ headers: [String: String] = [:]) async throws
        -> RawHTTP.Answer
    {
        let lines = ["GET \(path) HTTP/1.1", "Host: localhost"] + headers.map { "\($0.key): \($0.value)" }
        return try await RawHTTP(port: port).send(lines.joined(separator: "\r\n") + "\r\n\r\n")
    }

    @Test func `a delivery is a span of its request's trace, and hands it on`() async throws {
        try await Receiver.run(answering: { _, _ in .status(200) }) { collector in
            try await Receiver.run(answering: { number, _ in .status(number == 0 ? 500 : 204) }) { receiver in
                let workers = WebhookWorkers()
                let (shell, ids) = try await workers.arrange("\(receiver.address)/secret-path", count: 1)
                try await Database.current.arrange(
                    "UPDATE countersign.auth_requests SET traceparent = '\(Self.header)'")
                let program = try workers.start(shell.with("COUNTERSIGN_OTLP_ENDPOINT", collector.address))
                try await eventually("both attempts are spans") { try sent(to: collector).count >= 2 }
                _ = try await program.stop()
                let spans = try sent(to: collector)
                #expect(spans.count == 2)
                #expect(spans.allSatisfy { $0.traceId == Self.trace && $0.parentSpanId == Self.caller })
                #expect(spans.allSatisfy { $0.name == "POST webhook" && $0.kind == 3 })
                #expect(spans.map { $0.facts["http.response.status_code"] } == ["500", "204"])
                #expect(spans.map { $0.facts["error.type"] } == ["status", nil])
                #expect(spans[0].facts["countersign.transaction_id"] == ids[0].description)
                #expect(spans.allSatisfy { $0.startTimeUnixNano < $0.endTimeUnixNano })
                let handed = receiver.received.map { $0.header("traceparent") }
                #expect(handed == spans.map { "00-\(Self.trace)-\($0.spanId)-01" })
                let text = collector.received.map { String(decoding: $0.body, as: UTF8.self) }.joined()
                #expect(!text.contains("secret-path") && !text.contains("127.0.0.1"))
            }
        }
    }

    @Test func `a request is a span, what machines ask for every few seconds is none`() async throws {
        try await Receiver.run(answering: { _, _ in .status(200) }) { collector in
            let shell = try await Shell.member(of: .gateway)
            let program = try await ScrapedProgram.start(
                shell, ["serve", "--listen", "127.0.0.1:0", "--otlp-endpoint", collector.address + "/"])
            let port = try await program.servedPort()
            for flag in ["01", "00"] {
                let header = "00-\(Self.trace)-\(Self.caller)-\(flag)"
                let answer = try await get(port, "/openapi.json?user=alice", ["traceparent": header])
                #expect(answer.status == 200)
            }
            let missing = try await get(port, "/users/alice")
            #expect(missing.status == 404)
            for _ in 0..<3 { _ = try await get(program.port, "/metrics") }
            try await eventually("requests are spans") { try sent(to: collector).count >= 2 }
            let spans = try sent(to: collector)
            #expect(spans.map(\.name) == ["GET /openapi.json", "GET -"] && spans.allSatisfy { $0.kind == 2 })
            #expect(spans[0].traceId == Self.trace && spans[0].parentSpanId == Self.caller)
            #expect(spans[1].traceId != Self.trace && spans[1].parentSpanId == nil)
            #expect(spans[1].facts["http.response.status_code"] == "404")
            #expect(
                !collector.received.contains { String(decoding: $0.body, as: UTF8.self).contains("alice") })
            // The collector has them before its answer has come.
            try await eventually("they are counted") {
                let metrics = try await get(program.port, "/metrics")
                return metrics.body.contains("countersign_spans_total{result=\"sent\"} 2\n")
            }
            try await program.kill()
        }
    }

    @Test func `a collector that does not answer holds nobody up, and what it does not take is counted`()
        async throws
    {
        try await Receiver.run(answering: { _, _ in .silence }) { collector in
            let shell = try await Shell.member(of: .gateway)
            let program = try await ScrapedProgram.start(
                shell, ["serve", "--listen", "127.0.0.1:0", "--otlp-endpoint", collector.address])
            let port = try await program.servedPort()
            _ = try await get(port, "/openapi.json")
            try await eventually("the collector was asked") { !collector.received.isEmpty }
            let answer = try await get(port, "/openapi.json")
            #expect(answer.status == 200)
            try await eventually("the span is counted") {
                let metrics = try await get(program.port, "/metrics")
                return metrics.body.contains(/countersign_spans_total\{result="dropped"\} [1-9]/)
            }
            try await program.kill()
        }
    }

    @Test func `what finds no place is counted`() {
        let queue = SpanQueue(capacity: 2)
        let tracer = SpanTracer(queue: queue)
        for number in 0..<5 { tracer.startSpan("\(number)", parent: nil, ofKind: .server).end() }
        let (spans, dropped) = queue.take(10)
        #expect(spans.count == 2 && dropped == 3)
        #expect(queue.take(10).dropped == 0)
    }

    @Test(arguments: ["collector:4318", "ftp://a", "http://", "http://u:p@a", "http://a?b"])
    func `an address that is none is refused`(address: String) async throws {
        let shell = try await Shell.member(of: .gateway)
        let outcome = try await shell.run("serve", "--listen", "127.0.0.1:0", "--otlp-endpoint", address)
        outcome.expect(64, "--otlp-endpoint must be like http://127.0.0.1:4318, not '\(address)'")
    }
}
