import DequeModule

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
        /// Of its portal, as the newest delivery has it.
        var concurrency = 1
        var waiting: Deque<Delivery> = []
        var since = ContinuousClock.now
    }
    private var queues: [WebhookEndpoint: Queue] = [:]

    /// The one that is to be sent now: this, or where some wait the first of them. Nil when all wait.
    mutating func begin(_ delivery: Delivery, now: ContinuousClock.Instant = .now) -> Delivery? {
        queues[delivery.endpoint, default: Queue()].begin(delivery, now)
    }

    /// One has come back: the next to be sent, or what is given back instead.
    mutating func end(
        _ endpoint: WebhookEndpoint, isFailing: Bool, now: ContinuousClock.Instant = .now
    ) -> (next: Delivery?, returned: [Delivery]) {
        let ended = queues[endpoint]?.end(isFailing: isFailing, now)
        if queues[endpoint]?.sending == 0 { queues[endpoint] = nil }
        return ended ?? (nil, [])
    }

    /// Everything that waits.
    mutating func takeWaiting() -> [Delivery] {
        queues.keys.flatMap { queues[$0]?.takeWaiting() ?? [] }
    }
}

extension EndpointQueues.Queue {
    fileprivate mutating func begin(_ delivery: Delivery, _ now: ContinuousClock.Instant) -> Delivery? {
        concurrency = delivery.concurrency
        waiting.append(delivery)
        since = now
        return send()
    }

    fileprivate mutating func end(
        isFailing: Bool, _ now: ContinuousClock.Instant
    ) -> (next: Delivery?, returned: [Delivery]) {
        sending -= 1
        if isFailing || since + EndpointQueues.patience < now { return (nil, takeWaiting()) }
        return (send(), [])
    }

    /// The first that waits, if there is one and one more may be sent.
    private mutating func send() -> Delivery? {
        guard sending < concurrency, let first = waiting.popFirst() else { return nil }
        sending += 1
        return first
    }

    fileprivate mutating func takeWaiting() -> [Delivery] {
        defer { waiting = [] }
        return Array(waiting)
    }
}
