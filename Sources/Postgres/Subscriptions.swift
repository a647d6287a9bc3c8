/// Who listens to what. Decides; `Notifier` acts.
struct Subscriptions: Sendable {
    typealias Continuation = AsyncStream<Notification>.Continuation

    struct Subscriber: Sendable {
        let continuation: Continuation
        /// Whether an overflow of its buffer matters to it.
        let isToldOverflow: Bool
        /// Knows that the current connection listens.
        var isTold = false
    }

    private var subscribers: [String: [Int: Subscriber]] = [:]
    private var lastKey = 0
    private var waker: Connection.Waker?

    var channels: Set<String> { Set(subscribers.keys) }

    /// Returns the waker of the connection that has to hear of it, if there is one.
    mutating func add(
        _ continuation: Continuation, toldOverflow: Bool, to channel: String
    ) -> (key: Int, Connection.Waker?) {
        lastKey += 1
        let subscriber = Subscriber(continuation: continuation, isToldOverflow: toldOverflow)
        subscribers[channel, default: [:]][lastKey] = subscriber
        return (lastKey, waker)
    }

    /// Returns the waker when the channel has lost its last subscriber.
    mutating func remove(_ key: Int, from channel: String) -> Connection.Waker? {
        subscribers[channel]?[key] = nil
        guard subscribers[channel]?.isEmpty == true else { return nil }
        subscribers[channel] = nil
        return waker
    }

    mutating func removeAll() -> [Continuation] {
        defer { self = Subscriptions() }
        return subscribers.values.flatMap(\.values).map(\.continuation)
    }

    /// A new connection, which listens to nothing yet.
    mutating func begin(_ waker: Connection.Waker) {
        self.waker = waker
        for channel in subscribers.keys {
            for key in subscribers[channel, default: [:]].keys { subscribers[channel]?[key]?.isTold = false }
        }
    }

    func subscribers(of channel: String) -> [Subscriber] {
        subscribers[channel].map { Array($0.values) } ?? []
    }

    /// Those who do not know yet that `channels` are listened to, and from now on do.
    mutating func takeUntold(of channels: Set<String>) -> [(channel: String, Continuation)] {
        var untold: [(String, Continuation)] = []
        for channel in channels {
            for (key, subscriber) in subscribers[channel, default: [:]] where !subscriber.isTold {
                subscribers[channel]?[key]?.isTold = true
                untold.append((channel, subscriber.continuation))
            }
        }
        return untold
    }
}
