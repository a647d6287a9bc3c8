/// Deliveries that are claimed and wait here until another to the same endpoint has come back, so that its slot is not
/// empty for the length of a round trip to the database. Decides; no I/O.
///
/// Only endpoints that answer quickly have some (see `DeliverySlots`). When one fails, or is slower than it was, what
/// waits for it goes back to the queue: it has not been tried.
struct EndpointQueues {
    /// A wait that is longer gives back what waits: its lease must outlast the attempt that would follow.
    static let patience = Duration.seconds(5)

    fileprivate struct Queue {
        var sending = 0
        var waiting: [Delivery] = []
        /// Of the first that waits.
        var next = 0
        var since = ContinuousClock.now
    }
    private var queues: [WebhookEndpoint: Queue] = [:]

    /// Whether it may be sent now; else it waits.
    mutating func begin(_ delivery: Delivery, now: ContinuousClock.Instant = .now) -> Bool {
        var queue = queues[delivery.endpoint] ?? Queue()
        defer { queues[delivery.endpoint] = queue }
        guard queue.sending >= delivery.concurrency || queue.next < queue.waiting.count else {
            queue.sending += 1
            return true
        }
        queue.waiting.append(delivery)
        queue.since = now
        return false
    }

    /// One has come back: the next to be sent, or what is given back instead.
    mutating func end(
        _ endpoint: WebhookEndpoint, isFailing: Bool, now: ContinuousClock.Instant = .now
    ) -> (next: Delivery?, returned: [Delivery]) {
        guard var queue = queues[endpoint] else { return (nil, []) }
        defer { queues[endpoint] = queue.sending > 0 ? queue : nil }
        queue.sending -= 1
        guard queue.next < queue.waiting.count else { return (nil, []) }
        if isFailing || queue.since + Self.patience < now { return (nil, queue.takeWaiting()) }
        let next = queue.waiting[queue.next]
        queue.next += 1
        if queue.next == queue.waiting.count { _ = queue.takeWaiting() }
        queue.sending += 1
        return (next, [])
    }

    /// Everything that waits.
    mutating func takeWaiting() -> [Delivery] {
        queues.keys.flatMap { queues[$0]?.takeWaiting() ?? [] }
    }
}

extension EndpointQueues.Queue {
    fileprivate mutating func takeWaiting() -> [Delivery] {
        defer { (waiting, next) = ([], 0) }
        return Array(waiting[next...])
    }
}
