import Engine
import Postgres
import Synchronization

/// Wakes requests that wait for something in the database, by its id. One listening connection serves all.
///
/// What is notified before somebody has come to wait for it is remembered for a while: an id is known only once
/// its row is inserted, and a worker may be faster than the answer to the INSERT.
final class RowNotifications: Sendable {
    private let notifier: Notifier
    private let waiters = Mutex(ChannelWaiters())

    init(_ notifier: Notifier) { self.notifier = notifier }

    /// Listens until the task is cancelled.
    func run() async { await notifier.run() }

    /// Begins to listen to a channel, before something is inserted that will be heard of there.
    func open(_ channel: String) {
        let isNew = waiters.withLock { $0.open(channel) }
        if isNew { notifier.listen(to: channel, for: self) }
    }

    /// Begins to wait for news of that row.
    ///
    /// - Parameter coming: where whoever waits asks each time that he is woken.
    func wait(for id: Identifier, on channel: String, asking coming: ComingCalls? = nil) -> RowWait {
        open(channel)
        let wakeup = Wakeup()
        let (key, isNews) = waiters.withLock { $0.add(wakeup, channel, id, asking: coming) }
        if isNews { wakeup.ring() }
        return RowWait(wakeup) { [weak self] in
            self?.waiters.withLock { $0.remove(key, channel, id) }
        }
    }

    /// From now on nobody waits, so that the process can end: each look gets its answer as things stand.
    func close() {
        for wakeup in waiters.withLock({ $0.close() }) { wakeup.ring() }
    }

    var isClosed: Bool { waiters.withLock { $0.isClosed } }
}

extension RowNotifications: NotificationReceiver {
    /// All calls are announced before the first is woken: so those whom one commit wakes ask together.
    func receive(_ notifications: [Notification]) {
        let woken = waiters.withLock { waiters in
            notifications.flatMap { notification in
                notification.isGap
                    ? waiters.hearGap(on: notification.channel)
                    : waiters.hear(notification.identifiers, on: notification.channel)
            }
        }
        for wakeup in woken { wakeup.ring() }
    }

    func end() { close() }
}

extension Notification {
    /// The ids of `'<status> <id>[,<id>...]'`.
    fileprivate var identifiers: [Identifier] {
        guard let list = payload.split(separator: " ").last else { return [] }
        return list.split(separator: ",").compactMap { Identifier(String($0)) }
    }
}
