import Synchronization

/// Where clients wait until all of them are connected.
final class StartingLine: Sendable {
    fileprivate struct Clients {
        var missing: Int
        var isOff = false
        var waiting: [CheckedContinuation<ContinuousClock.Instant?, Never>] = []
    }
    private let clients: Mutex<Clients>

    init(clients: Int) {
        self.clients = Mutex(Clients(missing: clients))
    }

    /// The common start; nil when a client has given up.
    func ready() async -> ContinuousClock.Instant? {
        await withCheckedContinuation { continuation in
            let released = clients.withLock { clients in
                clients.missing -= 1
                clients.waiting.append(continuation)
                return clients.release()
            }
            start(released)
        }
    }

    /// Calls everything off.
    func giveUp() {
        let released = clients.withLock { clients in
            clients.isOff = true
            return clients.release()
        }
        start(released)
    }

    private func start(
        _ released: (waiting: [CheckedContinuation<ContinuousClock.Instant?, Never>], isOff: Bool)
    ) {
        let now = ContinuousClock.now
        for continuation in released.waiting { continuation.resume(returning: released.isOff ? nil : now) }
    }
}

extension StartingLine.Clients {
    /// Whoever may go on.
    fileprivate mutating func release() -> (
        waiting: [CheckedContinuation<ContinuousClock.Instant?, Never>], isOff: Bool
    ) {
        guard missing == 0 || isOff else { return ([], false) }
        defer { waiting = [] }
        return (waiting, isOff)
    }
}
