package import Metrics
import Synchronization

/// What becomes of requests and their webhooks, counted by the process that has their rows in hand anyway.
package struct RequestMeters: Sendable {
    private let factory: any MetricsFactory
    private let code: Timer
    private let answer: Timer
    private let webhook: Timer
    private let ends = KnownCounters<RequestEnd>()
    private let attempts = KnownCounters<String>()

    package init(_ factory: any MetricsFactory) {
        self.factory = factory
        code = Timer(label: "countersign_time_to_code_seconds", dimensions: [], factory: factory)
        answer = Timer(label: "countersign_time_to_answer_seconds", dimensions: [], factory: factory)
        webhook = Timer(label: "countersign_webhook_attempt_seconds", dimensions: [], factory: factory)
    }

    /// From the INSERT of a request to its code.
    package func issued(after waits: [Duration]) {
        for wait in waits { code.record(wait) }
    }

    /// A request's end, seen when its webhook is first sent: what has none is not counted. After a crash in between
    /// it may be counted twice. `took` is from the INSERT to the end.
    package func ended(portal: String, type: String, end: String, took duration: Duration) {
        ends.counter(RequestEnd(portal: portal, type: type, end: end)) {
            let labels = [("portal", portal), ("type", type), ("end", end)]
            return Counter(label: "countersign_requests_ended_total", dimensions: labels, factory: factory)
        }.increment()
        if end == "authenticated" || end == "denied" { answer.record(duration) }
    }

    /// Makes the series of these results of attempts: rate() sees no first event of one that begins with it.
    package func expectAttempts(_ results: [String]) {
        for result in results { _ = attemptCounter(result) }
    }

    /// `result` is `delivered` or why it was not, as `timeout`.
    package func attempted(_ result: String, took duration: Duration) {
        attemptCounter(result).increment()
        webhook.record(duration)
    }

    private func attemptCounter(_ result: String) -> Counter {
        attempts.counter(result) {
            Counter(
                label: "countersign_webhook_attempts_total", dimensions: [("class", result)],
                factory: factory)
        }
    }
}

private struct RequestEnd: Hashable {
    let portal: String
    let type: String
    let end: String
}

/// Counters by their labels: making one asks the registry, which costs some microseconds a delivery.
private final class KnownCounters<Labels: Hashable & Sendable>: Sendable {
    private let known = Mutex<[Labels: Counter]>([:])

    func counter(_ labels: Labels, make: () -> Counter) -> Counter {
        known.withLock { known in
            if let counter = known[labels] { return counter }
            let counter = make()
            known[labels] = counter
            return counter
        }
    }
}
