/// Who listens to what. Decides; `Notifier` acts.
struct Subscriptions: Sendable {
    private struct Subscriber: Sendable {
        let receiver: any NotificationReceiver
        /// Those whose listening it has been told of, on this connection.
        var told: Set<String> = []
    }

    /// What one of them is to hear.
    typealias Delivery = (receiver: any NotificationReceiver, notifications: [Notification])

    private var subscribers: [ObjectIdentifier: Subscriber] = [:]
    /// Of each channel, in the order in which they came.
    private var listening: [String: [ObjectIdentifier]] = [:]
    private var waker: Connection.Waker?

    var channels: Set<String> { Set(listening.keys) }

    /// Returns the waker of the connection that has to hear of it, if there is one.
    mutating func add(_ receiver: any NotificationReceiver, to channel: String) -> Connection.Waker? {
        let key = ObjectIdentifier(receiver)
        guard listening[channel]?.contains(key) != true else { return nil }
        listening[channel, default: []].append(key)
        if subscribers[key] == nil { subscribers[key] = Subscriber(receiver: receiver) }
        return waker
    }

    /// Returns the waker when a channel has lost its last subscriber.
    mutating func remove(_ receiver: any NotificationReceiver) -> Connection.Waker? {
        let key = ObjectIdentifier(receiver)
        subscribers[key] = nil
        let count = listening.count
        for channel in channels { listening[channel]?.removeAll { $0 == key } }
        listening = listening.filter { !$0.value.isEmpty }
        return listening.count < count ? waker : nil
    }

    mutating func removeAll() -> [any NotificationReceiver] {
        defer { self = Subscriptions() }
        return subscribers.values.map(\.receiver)
    }

    /// A new connection, which listens to nothing yet.
    mutating func begin(_ waker: Connection.Waker) {
        self.waker = waker
        for key in subscribers.keys { subscribers[key]?.told = [] }
    }

    /// Who hears what of that.
    func deliveries(of notifications: [Notification]) -> [Delivery] {
        var heard: [ObjectIdentifier: [Notification]] = [:]
        for notification in notifications {
            for key in listening[notification.channel, default: []] {
                heard[key, default: []].append(notification)
            }
        }
        return heard.compactMap { key, heard in subscribers[key].map { ($0.receiver, heard) } }
    }

    /// A gap for each who does not know yet that one of these is listened to, and from now on does.
    mutating func takeUntold(of channels: Set<String>) -> [Delivery] {
        var untold: [ObjectIdentifier: [Notification]] = [:]
        for channel in channels {
            for key in listening[channel, default: []]
            where subscribers[key]?.told.insert(channel).inserted == true {
                untold[key, default: []].append(.gap(in: channel))
            }
        }
        return untold.compactMap { key, gaps in subscribers[key].map { ($0.receiver, gaps) } }
    }
}
