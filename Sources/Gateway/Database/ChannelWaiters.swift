import Engine
import Postgres

/// Who waits for which row of which channel, and what was heard before somebody waited for it.
struct ChannelWaiters: Sendable {
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
