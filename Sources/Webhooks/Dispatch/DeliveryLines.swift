/// Deliveries that are claimed and wait here until another to the same endpoint has come back, so that its slot is not
/// empty for the length of a round trip to the database. Decides; no I/O.
///
/// Only endpoints that answer quickly have some (see `DeliverySlots`). When one fails, or is slower than it was, what
/// waits for it goes back to the queue: it has not been tried.
struct DeliveryLines {
    /// A wait that is longer gives back what waits: its lease must outlast the attempt that would follow.
    static let patience = Duration.seconds(5)

    fileprivate struct Line {
        var sending = 0
        var waiting: [Delivery] = []
        /// Of the first that waits.
        var next = 0
        var since = ContinuousClock.now
    }
    private var lines: [WebhookEndpoint: Line] = [:]

    /// Whether it may be sent now; else it waits.
    mutating func begin(_ delivery: Delivery, now: ContinuousClock.Instant = .now) -> Bool {
        var line = lines[delivery.endpoint] ?? Line()
        defer { lines[delivery.endpoint] = line }
        guard line.sending >= delivery.concurrency || line.next < line.waiting.count else {
            line.sending += 1
            return true
        }
        line.waiting.append(delivery)
        line.since = now
        return false
    }

    /// One has come back: the next to be sent, or what is given back instead.
    mutating func end(
        _ endpoint: WebhookEndpoint, isFailing: Bool, now: ContinuousClock.Instant = .now
    ) -> (next: Delivery?, returned: [Delivery]) {
        guard var line = lines[endpoint] else { return (nil, []) }
        defer { lines[endpoint] = line.sending > 0 ? line : nil }
        line.sending -= 1
        guard line.next < line.waiting.count else { return (nil, []) }
        if isFailing || line.since + Self.patience < now { return (nil, line.takeWaiting()) }
        let next = line.waiting[line.next]
        line.next += 1
        if line.next == line.waiting.count { _ = line.takeWaiting() }
        line.sending += 1
        return (next, [])
    }

    /// Everything that waits.
    mutating func takeWaiting() -> [Delivery] {
        lines.keys.flatMap { lines[$0]?.takeWaiting() ?? [] }
    }
}

extension DeliveryLines.Line {
    fileprivate mutating func takeWaiting() -> [Delivery] {
        defer { (waiting, next) = ([], 0) }
        return Array(waiting[next...])
    }
}
