package import Metrics
import Synchronization

/// What one of our servers counts, for `/metrics`. Labels are bounded: a route is its template and never a path, a
/// method is one that we know, a code is one of ours.
package struct HTTPMeters: Sendable {
    /// A refusal without an answer, or with one that no route has made.
    enum Refusal: String, CaseIterable {
        /// What came is no request of HTTP: answered with 400.
        case notHTTP = "not_http"
        /// The request took too long to come: answered with 408.
        case timeout
        /// The address has its share of connections already: closed.
        case noPlace = "no_place"
        /// It kept us waiting while others waited for a place: closed.
        case madeRoom = "made_room"
    }

    private let server: String
    private let factory: any MetricsFactory
    private let open: Meter
    private let limit: Meter
    private let requests: KnownRequests

    /// `server` is a label: `gateway`, `operations`.
    package init(_ server: String, _ factory: any MetricsFactory = MetricsSystem.factory) {
        let labels = [("server", server)]
        (self.server, self.factory) = (server, factory)
        open = Meter(label: "countersign_http_open_connections", dimensions: labels, factory: factory)
        limit = Meter(label: "countersign_http_connection_limit", dimensions: labels, factory: factory)
        requests = KnownRequests(server, factory)
        // rate() sees no first event of a series that begins with it.
        for refusal in Refusal.allCases { _ = refusals(refusal.rawValue) }
    }

    /// - Parameters:
    ///   - code: by which the answer says what is wrong; nil when nothing is.
    ///   - duration: from the request's head to the end of its answer, waits that were asked for among it.
    func answered(_ method: String, _ route: String, _ status: Int, _ code: String?, took duration: Duration)
    {
        requests.answered(.init(method: method, route: route, status: status), took: duration)
        if let code { refused(code) }
    }

    func refused(_ refusal: Refusal) { refused(refusal.rawValue) }
    func allows(_ connections: Int) { limit.set(connections) }
    func opened() { open.increment() }
    func closed() { open.decrement() }

    private func refused(_ code: String) { refusals(code).increment() }

    private func refusals(_ code: String) -> Counter {
        Counter(
            label: "countersign_http_refusals_total", dimensions: [("server", server), ("code", code)],
            factory: factory)
    }
}

/// Counters and timers by their labels: making them asks the registry, which costs some microseconds a request.
private final class KnownRequests: Sendable {
    struct Labels: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private let server: String
    private let factory: any MetricsFactory
    private let known = Mutex<[Labels: (count: Counter, time: Timer)]>([:])

    init(_ server: String, _ factory: any MetricsFactory) { (self.server, self.factory) = (server, factory) }

    func answered(_ labels: Labels, took duration: Duration) {
        let series = known.withLock(\.self)[labels] ?? learn(labels)
        series.count.increment()
        series.time.recordNanoseconds(Int64(max(0, duration / .nanoseconds(1))))
    }

    private func learn(_ labels: Labels) -> (count: Counter, time: Timer) {
        let ofRoute = [("server", server), ("route", labels.route)]
        let more = [("method", labels.method), ("status", "\(labels.status)")]
        let count = Counter(
            label: "countersign_http_requests_total", dimensions: ofRoute + more, factory: factory)
        let time = Timer(label: "countersign_http_request_seconds", dimensions: ofRoute, factory: factory)
        known.withLock { $0[labels] = (count, time) }
        return (count, time)
    }
}
