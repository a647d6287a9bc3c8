import Engine
import Postgres

/// Who waits for which row of which channel, and what was heard before somebody waited for it.
struct ChannelWaiters: Sendable {
    private struct Waiter: Sendable {
        let wakeup: Wakeup
        /// Where its call is expected as soon as it is woken; nil once it is, or where it does not matter.
        var coming: ComingCalls?

        /// Announces its call.
        mutating func expect() { coming.take()?.expect() }
    }

    private struct Channel: Sendable {
        var waiters: [Identifier: [Int: Waiter]] = [:]
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
    mutating func add(
        _ wakeup: Wakeup, _ name: String, _ id: Identifier, asking coming: ComingCalls?
    ) -> (key: Int, isNews: Bool) {
        lastKey += 1
        let isNews = isClosed || channels[name]?.heard.contains(id) == true
        var waiter = Waiter(wakeup: wakeup, coming: coming)
        if isNews { waiter.expect() }
        channels[name]?.waiters[id, default: [:]][lastKey] = waiter
        return (lastKey, isNews)
    }

    mutating func remove(_ key: Int, _ name: String, _ id: Identifier) {
        channels[name]?.waiters[id]?[key] = nil
        if channels[name]?.waiters[id]?.isEmpty == true { channels[name]?.waiters[id] = nil }
    }

    /// Who is to be woken: all who wait for something there, as each may have been missed.
    mutating func hearGap(on name: String) -> [Wakeup] {
        let ids = channels[name].map { Array($0.waiters.keys) } ?? []
        return ids.flatMap { wake($0, on: name) }
    }

    /// Who is to be woken; their calls are announced.
    mutating func hear(_ ids: [Identifier], on name: String) -> [Wakeup] {
        ids.flatMap { id in
            remember(id, on: name)
            return wake(id, on: name)
        }
    }

    private mutating func wake(_ id: Identifier, on name: String) -> [Wakeup] {
        guard let waiters = channels[name]?.waiters[id] else { return [] }
        for key in waiters.keys { channels[name]?.waiters[id]?[key]?.expect() }
        return waiters.values.map(\.wakeup)
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
        return channels.keys.flatMap { hearGap(on: $0) }
    }
}
