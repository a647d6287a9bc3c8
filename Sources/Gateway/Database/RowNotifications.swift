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
    private let openings: AsyncStream<String>
    private let opener: AsyncStream<String>.Continuation

    init(_ notifier: Notifier) {
        self.notifier = notifier
        (openings, opener) = AsyncStream.makeStream()
    }

    /// Listens until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask(name: "notifier") { await self.notifier.run() }
            for await channel in openings {
                group.addTask(name: "channel") { await self.follow(channel) }
            }
            group.cancelAll()
        }
        close()
    }

    /// Begins to listen to a channel, before something is inserted that will be heard of there.
    func open(_ channel: String) {
        let isNew = waiters.withLock { $0.open(channel) }
        if isNew { opener.yield(channel) }
    }

    /// Begins to wait for news of that row.
    func wait(for id: Identifier, on channel: String) -> RowWait {
        open(channel)
        let wakeup = Wakeup()
        let (key, isNews) = waiters.withLock { $0.add(wakeup, channel, id) }
        if isNews { wakeup.ring() }
        return RowWait(wakeup) { [weak self] in
            self?.waiters.withLock { $0.remove(key, channel, id) }
        }
    }

    /// From now on nobody waits, so that the process can end: each look gets its answer as things stand.
    func close() {
        opener.finish()
        for wakeup in waiters.withLock({ $0.close() }) { wakeup.ring() }
    }

    var isClosed: Bool { waiters.withLock { $0.isClosed } }

    private func follow(_ channel: String) async {
        // A batch of a stage ends some hundred rows at once, in payloads of 200.
        for await notification in notifier.subscribe(channel, buffering: 1_024) {
            let woken = waiters.withLock { waiters in
                notification.isGap
                    ? waiters.wakeups(on: channel) : waiters.hear(ids(in: notification.payload), on: channel)
            }
            for wakeup in woken { wakeup.ring() }
        }
    }

    /// The ids of `'<status> <id>[,<id>...]'`.
    private func ids(in payload: String) -> [Identifier] {
        guard let list = payload.split(separator: " ").last else { return [] }
        return list.split(separator: ",").compactMap { Identifier(String($0)) }
    }
}
