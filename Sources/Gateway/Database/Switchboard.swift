import Engine
import Postgres
import Synchronization

/// Wakes requests that wait for something in the database, by its id. One listening connection serves all.
///
/// What is notified before somebody has come to wait for it is remembered for a while: an id is known only once
/// its row is inserted, and a worker may be faster than the answer to the INSERT.
final class Switchboard: Sendable {
    private let notifier: Notifier
    private let state = Mutex(State())
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
        let isNew = state.withLock { $0.open(channel) }
        if isNew { opener.yield(channel) }
    }

    /// Waits for news of that row.
    func call(_ channel: String, _ id: Identifier) -> Call {
        open(channel)
        let wakeup = Wakeup()
        let (key, isNews) = state.withLock { $0.add(wakeup, channel, id) }
        if isNews { wakeup.ring() }
        return Call(wakeup) { [weak self] in self?.state.withLock { $0.remove(key, channel, id) } }
    }

    /// From now on nobody waits, so that the process can end: each look gets its answer as things stand.
    func close() {
        opener.finish()
        for wakeup in state.withLock({ $0.close() }) { wakeup.ring() }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    private func follow(_ channel: String) async {
        // A batch of a stage ends some hundred rows at once, in payloads of 200.
        for await notification in notifier.subscribe(channel, buffering: 1_024) {
            let woken = state.withLock { state in
                notification.isGap
                    ? state.wakeups(on: channel) : state.hear(ids(in: notification.payload), on: channel)
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

/// One request's wait, which ends with this value.
final class Call: Sendable {
    private let wakeup: Wakeup
    private let hangUp: @Sendable () -> Void

    init(_ wakeup: Wakeup, _ hangUp: @escaping @Sendable () -> Void) {
        (self.wakeup, self.hangUp) = (wakeup, hangUp)
    }

    deinit { hangUp() }

    /// Returns at news since the last wait, and after `limit` at last: then the table is looked at anyway,
    /// as a notification is only a hint.
    func wait(_ limit: Duration) async { _ = await wakeup.wait(limit) }
}

private struct State: Sendable {
    private struct Channel: Sendable {
        var waiters: [Identifier: [Int: Wakeup]] = [:]
        var heard: Set<Identifier> = []
        /// The same in the order in which they came.
        var order: [Identifier] = []
        var next = 0
    }

    /// So many ids of a channel are remembered.
    private static let memory = 4_096

    private(set) var isClosed = false
    private var channels: [String: Channel] = [:]
    private var lastKey = 0

    mutating func open(_ name: String) -> Bool {
        guard channels[name] == nil else { return false }
        channels[name] = Channel()
        return true
    }

    /// Also whether there is news of it already.
    mutating func add(_ wakeup: Wakeup, _ name: String, _ id: Identifier) -> (key: Int, isNews: Bool) {
        lastKey += 1
        channels[name]?.waiters[id, default: [:]][lastKey] = wakeup
        return (lastKey, isClosed || channels[name]?.heard.contains(id) == true)
    }

    mutating func remove(_ key: Int, _ name: String, _ id: Identifier) {
        channels[name]?.waiters[id]?[key] = nil
        if channels[name]?.waiters[id]?.isEmpty == true { channels[name]?.waiters[id] = nil }
    }

    func wakeups(on name: String) -> [Wakeup] {
        channels[name].map { $0.waiters.values.flatMap(\.values) } ?? []
    }

    mutating func hear(_ ids: [Identifier], on name: String) -> [Wakeup] {
        ids.flatMap { id in
            remember(id, on: name)
            return channels[name]?.waiters[id].map { Array($0.values) } ?? []
        }
    }

    private mutating func remember(_ id: Identifier, on name: String) {
        guard channels[name]?.heard.insert(id).inserted == true, let channel = channels[name] else { return }
        guard channel.order.count == Self.memory else { return channels[name]!.order.append(id) }
        channels[name]!.heard.remove(channel.order[channel.next])
        channels[name]!.order[channel.next] = id
        channels[name]!.next = (channel.next + 1) % Self.memory
    }

    mutating func close() -> [Wakeup] {
        isClosed = true
        return channels.keys.flatMap { wakeups(on: $0) }
    }
}
