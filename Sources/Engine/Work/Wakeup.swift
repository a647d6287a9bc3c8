import Synchronization

/// What ends one sleeper's sleep: a ring, which is remembered until the next wait, or a deadline.
package final class Wakeup: Sendable {
    package enum Cause: Sendable { case rung, due }

    private struct Sleep {
        var rung = false
        var number = 0
        /// The last sleep whose time was over, maybe before anybody waited for it.
        var over = 0
        var sleeper: CheckedContinuation<Cause, Never>?
    }
    private let state = Mutex(Sleep())

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
            state.number += 1
            return state.number
        }
        let timer = Task {
            try? await Task.sleep(for: duration, tolerance: .zero)
            if !Task.isCancelled { self.expire(sleep) }
        }
        let cause = await withCheckedContinuation { continuation in
            let cause: Cause? = state.withLock { state in
                if state.rung {
                    state.rung = false
                    return .rung
                }
                if state.over == sleep { return .due }
                state.sleeper = continuation
                return nil
            }
            if let cause { continuation.resume(returning: cause) }
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
        let sleeper = state.withLock { state in
            guard state.number == sleep else { return nil as CheckedContinuation<Cause, Never>? }
            state.over = sleep
            return state.sleeper.take()
        }
        sleeper?.resume(returning: .due)
    }
}
