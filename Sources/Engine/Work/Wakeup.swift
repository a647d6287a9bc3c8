import Synchronization

/// What ends one sleeper's sleep: a ring, which is remembered until the next wait, or a deadline.
package final class Wakeup: Sendable {
    package enum Cause: Sendable { case rung, due }

    private struct Sleep {
        var rung = false
        /// Of the sleep.
        var number = 0
        var sleeper: CheckedContinuation<Cause, Never>?
    }
    private let state = Mutex(Sleep())
    private let timer: SleepTimer

    package convenience init() { self.init(timer: .shared) }

    init(timer: SleepTimer) { self.timer = timer }

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
        let end = ContinuousClock.now + duration
        return await withCheckedContinuation { continuation in
            let sleep: Int? = state.withLock { state in
                guard !state.rung else {
                    state.rung = false
                    return nil
                }
                state.number += 1
                state.sleeper = continuation
                return state.number
            }
            guard let sleep else { return continuation.resume(returning: .rung) }
            timer.end(sleep, of: self, at: end)
        }
    }

    private func takeRing() -> Cause? {
        state.withLock { state in
            defer { state.rung = false }
            return state.rung ? .rung : nil
        }
    }

    /// Whether that sleep has not ended.
    func isUnderWay(_ sleep: Int) -> Bool {
        state.withLock { $0.number == sleep && $0.sleeper != nil }
    }

    /// Ends that sleep, if it has not ended.
    func expire(_ sleep: Int) {
        let sleeper = state.withLock { state in
            state.number == sleep ? state.sleeper.take() : nil
        }
        sleeper?.resume(returning: .due)
    }
}
