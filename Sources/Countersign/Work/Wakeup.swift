import Synchronization

/// What ends one sleeper's sleep: a ring, which is remembered until the next wait, or a deadline.
package final class Wakeup: Sendable {
    package enum Cause: Sendable { case rung, due }

    private struct State {
        var rung = false
        var sleep = 0
        var sleeper: CheckedContinuation<Cause, Never>?
    }
    private let state = Mutex(State())

    package init() {}

    /// Wakes the sleeper, or makes its next wait return at once. Callable from any thread.
    package func ring() {
        let sleeper = state.withLock { state in
            let sleeper = state.sleeper.take()
            state.rung = sleeper == nil
            return sleeper
        }
        sleeper?.resume(returning: .rung)
    }

    /// Waits for a ring, at most for `duration`. One caller at a time. Not cancellable: whoever ends a worker
    /// rings, so that the batch in hand is finished first.
    package func wait(_ duration: Duration) async -> Cause {
        guard duration > .zero else { return takeRing() ?? .due }
        let sleep = state.withLock { state in
            state.sleep += 1
            return state.sleep
        }
        let timer = Task {
            try? await Task.sleep(for: duration, tolerance: .zero)
            if !Task.isCancelled { self.expire(sleep) }
        }
        let cause = await withCheckedContinuation { continuation in
            let rung = state.withLock { state in
                if state.rung {
                    state.rung = false
                    return true
                }
                state.sleeper = continuation
                return false
            }
            if rung { continuation.resume(returning: .rung) }
        }
        timer.cancel()
        return cause
    }

    private func takeRing() -> Cause? {
        state.withLock { state in
            defer { state.rung = false }
            return state.rung ? .rung : nil
        }
    }

    private func expire(_ sleep: Int) {
        let sleeper = state.withLock { $0.sleep == sleep ? $0.sleeper.take() : nil }
        sleeper?.resume(returning: .due)
    }
}
