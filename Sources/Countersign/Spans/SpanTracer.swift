import Synchronization
package import Tracing

/// Makes spans that end in a queue, from which an exporter takes them.
///
/// It is no tracer of the whole process: async-http-client would ask that one for a span of each of its requests, those that
/// send spans among them.
package struct SpanTracer: Tracer {
    package typealias Span = RecordedSpan

    private static let held = Mutex<SpanTracer?>(nil)

    /// Nil while nobody collects spans.
    package static var current: SpanTracer? { held.withLock(\.self) }

    package static func begin(_ tracer: SpanTracer) { held.withLock { $0 = tracer } }

    package let queue: SpanQueue

    package init(queue: SpanQueue) { self.queue = queue }

    /// A span of a caller's trace, or one of a trace of its own. It is recorded unless the caller records none.
    package func startSpan(_ name: String, parent: String?, ofKind kind: SpanKind) -> RecordedSpan {
        var context = InstrumentationContext.topLevel
        context.traceParent = parent.flatMap(TraceParent.init)
        return startSpan(name, context: context, ofKind: kind)
    }

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> RecordedSpan {
        RecordedSpan(
            operationName, kind, in: context(), at: instant().nanosecondsSinceEpoch, queue)
    }

    package func startAnySpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> any Tracing.Span {
        startSpan(
            operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID,
            line: line)
    }

    package func forceFlush() {}

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let text = context.traceParent?.text else { return }
        injector.inject(text, forKey: "traceparent", into: &carrier)
    }

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        context.traceParent = extractor.extract(key: "traceparent", from: carrier).flatMap(TraceParent.init)
    }
}

private enum TraceParentKey: InstrumentationContextKey {
    typealias Value = TraceParent
    static var nameOverride: String? { "traceparent" }
}

extension InstrumentationContext {
    package var traceParent: TraceParent? {
        get { self[TraceParentKey.self] }
        set { self[TraceParentKey.self] = newValue }
    }
}
