package import Metrics
import Synchronization

/// What becomes of requests and their webhooks, counted by the process that has their rows in hand anyway.
package struct RequestMeters: Sendable {
    private let factory: any MetricsFactory
    private let code: Timer
    private let answer: Timer
    private let webhook: Timer
    private let counters = KnownCounters()

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

    /// A request's end, seen when its first webhook is sent: every end calls back. After a crash in between
    /// it may be counted twice. `took` is from the INSERT to the end.
    package func ended(portal: String, type: String, end: String, took duration: Duration) {
        let labels = [("portal", portal), ("type", type), ("end", end)]
        counters.counter("countersign_requests_ended_total", labels, factory).increment()
        if end == "authenticated" || end == "denied" { answer.record(duration) }
    }

    /// `result` is `delivered` or why it was not, as `timeout`.
    package func attempted(_ result: String, took duration: Duration) {
        counters.counter("countersign_webhook_attempts_total", [("class", result)], factory).increment()
        webhook.record(duration)
    }
}

/// Counters by their labels: making one asks the registry, which costs some microseconds a delivery.
private final class KnownCounters: Sendable {
    private let known = Mutex<[[String]: Counter]>([:])

    func counter(
        _ name: String, _ labels: [(String, String)], _ factory: any MetricsFactory
    ) -> Counter {
        let key = [name] + labels.map(\.1)
        if let counter = known.withLock({ $0[key] }) { return counter }
        let counter = Counter(label: name, dimensions: labels, factory: factory)
        known.withLock { $0[key] = counter }
        return counter
    }
}
