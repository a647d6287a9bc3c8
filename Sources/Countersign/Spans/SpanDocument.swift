import Tracing

/// Spans as OTLP wants them over HTTP in JSON: opentelemetry-proto 1.x, `ExportTraceServiceRequest`. Ids are hexadecimal
/// there, and numbers of 64 bits are texts.
package struct SpanDocument: Encodable, Sendable {
    struct Value: Encodable {
        var stringValue: String?
        var intValue: String?
        var boolValue: Bool?
    }

    struct Attribute: Encodable {
        let key: String
        let value: Value
    }

    struct Status: Encodable {
        let code: Int
    }

    struct Span: Encodable {
        let traceId: String
        let spanId: String
        let parentSpanId: String?
        let name: String
        let kind: Int
        let startTimeUnixNano: String
        let endTimeUnixNano: String
        let attributes: [Attribute]
        let status: Status
    }

    struct Scope: Encodable {
        var name = "countersign"
        let version: String
    }

    struct ScopeSpans: Encodable {
        let scope: Scope
        let spans: [Span]
    }

    struct Resource: Encodable {
        let attributes: [Attribute]
    }

    struct ResourceSpans: Encodable {
        let resource: Resource
        let scopeSpans: [ScopeSpans]
    }

    let resourceSpans: [ResourceSpans]

    /// - Parameter service: `service.name`, as `countersign-gateway`.
    package init(_ spans: [EndedSpan], service: String) {
        let resource = Resource(attributes: [
            Attribute("service.name", service), Attribute("service.version", Program.version),
        ])
        let scope = ScopeSpans(scope: Scope(version: Program.version), spans: spans.map(Span.init))
        resourceSpans = [ResourceSpans(resource: resource, scopeSpans: [scope])]
    }
}

extension SpanDocument.Attribute {
    init(_ key: String, _ text: String) { self.init(key: key, value: .init(stringValue: text)) }
}

extension SpanDocument.Span {
    init(_ span: EndedSpan) {
        var attributes: [SpanDocument.Attribute] = []
        span.attributes.forEach { key, attribute in
            switch attribute {
            case .int64(let number): attributes.append(.init(key: key, value: .init(intValue: "\(number)")))
            case .bool(let flag): attributes.append(.init(key: key, value: .init(boolValue: flag)))
            case .string(let text): attributes.append(.init(key, text))
            default: break
            }
        }
        (traceId, spanId, parentSpanId) = (span.trace.traceID, span.trace.spanID, span.parent)
        (name, kind) = (span.name, span.kind.number)
        (startTimeUnixNano, endTimeUnixNano) = ("\(span.start)", "\(span.end)")
        self.attributes = attributes.sorted { $0.key < $1.key }
        status = .init(code: span.isError ? 2 : 0)
    }
}

extension SpanKind {
    /// `Span.SpanKind` of opentelemetry-proto.
    fileprivate var number: Int {
        switch self {
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        default: 1
        }
    }
}
