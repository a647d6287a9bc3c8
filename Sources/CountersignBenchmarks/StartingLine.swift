import Synchronization

/// Where clients wait until all of them are connected.
final class StartingLine: Sendable {
    fileprivate struct State {
        var missing: Int
        var isOff = false
        var waiting: [CheckedContinuation<ContinuousClock.Instant?, Never>] = []
    }
    private let state: Mutex<State>

    init(clients: Int) {
        state = Mutex(State(missing: clients))
    }

    /// The common start; nil when a client has given up.
    func ready() async -> ContinuousClock.Instant? {
        await withCheckedContinuation { continuation in
            let released = state.withLock { state in
                state.missing -= 1
                state.waiting.append(continuation)
                return state.release()
            }
            start(released)
        }
    }

    /// Calls everything off.
    func giveUp() {
        let released = state.withLock { state in
            state.isOff = true
            return state.release()
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

extension StartingLine.State {
    /// Whoever may go on.
    fileprivate mutating func release() -> (
        waiting: [CheckedContinuation<ContinuousClock.Instant?, Never>], isOff: Bool
    ) {
        guard missing == 0 || isOff else { return ([], false) }
        defer { waiting = [] }
        return (waiting, isOff)
    }
}
