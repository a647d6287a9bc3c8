import Synchronization
package import Tracing

/// A span of this process. What it has when it ends is what is told of it: there are no events in it, and no links.
package final class RecordedSpan: Span {
    private struct State {
        var name: String
        var attributes: SpanAttributes = [:]
        var isError = false
        var isEnded = false
    }

    package let context: InstrumentationContext
    /// What it is to those whom it calls.
    package let trace: TraceParent
    private let parent: String?
    private let kind: SpanKind
    private let start: UInt64
    private let queue: SpanQueue
    private let state: Mutex<State>

    init(
        _ name: String, _ kind: SpanKind, in context: InstrumentationContext, at start: UInt64,
        _ queue: SpanQueue
    ) {
        let caller = context.traceParent
        trace = TraceParent(childOf: caller)
        (parent, self.kind, self.start, self.queue) = (caller?.spanID, kind, start, queue)
        var context = context
        context.traceParent = trace
        self.context = context
        state = Mutex(State(name: name))
    }

    package var isRecording: Bool { trace.isSampled && state.withLock { !$0.isEnded } }

    package var operationName: String {
        get { state.withLock(\.name) }
        set { state.withLock { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock(\.attributes) }
        set { state.withLock { $0.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) { state.withLock { $0.isError = status.code == .error } }

    package func addEvent(_ event: SpanEvent) {}

    package func addLink(_ link: SpanLink) {}

    /// Its text may name a user, and is not told.
    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        state.withLock { $0.isError = true }
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        let ending = state.withLock { state -> State? in
            guard !state.isEnded else { return nil }
            state.isEnded = true
            return state
        }
        guard let ending, trace.isSampled else { return }
        queue.append(
            EndedSpan(
                trace: trace, parent: parent, name: ending.name, kind: kind, start: start,
                end: instant().nanosecondsSinceEpoch, attributes: ending.attributes, isError: ending.isError))
    }
}

/// What is sent of a span.
package struct EndedSpan: Sendable {
    let trace: TraceParent
    let parent: String?
    let name: String
    let kind: SpanKind
    /// Nanoseconds since 1970.
    let start: UInt64
    let end: UInt64
    let attributes: SpanAttributes
    let isError: Bool
}

/// Spans that wait to be sent. Nobody waits for a place: what finds none is counted.
package final class SpanQueue: Sendable {
    private let state = Mutex<(spans: [EndedSpan], dropped: Int)>(([], 0))
    private let capacity: Int

    package init(capacity: Int = 4_096) { self.capacity = capacity }

    func append(_ span: EndedSpan) {
        state.withLock { state in
            if state.spans.count < capacity { state.spans.append(span) } else { state.dropped += 1 }
        }
    }

    /// The oldest ones, and how many have found no place since the last time.
    package func take(_ count: Int) -> (spans: [EndedSpan], dropped: Int) {
        state.withLock { state in
            let taken = Array(state.spans.prefix(count))
            state.spans.removeFirst(taken.count)
            defer { state.dropped = 0 }
            return (taken, state.dropped)
        }
    }
}
