import Synchronization

/// Tells everything in a process to finish what it has in hand and stop. Set once, never unset.
package final class Drain: Sendable {
    private struct State {
        var isSet = false
        var wakeups: [Wakeup] = []
    }
    private let state = Mutex(State())

    package init() {}

    package var isSet: Bool { state.withLock { $0.isSet } }

    /// Wakes that sleeper when the drain begins, at once if it has begun.
    package func wake(_ wakeup: Wakeup) {
        let begun = state.withLock { state in
            state.wakeups.append(wakeup)
            return state.isSet
        }
        if begun { wakeup.ring() }
    }

    package func begin() {
        let sleepers = state.withLock { state in
            state.isSet = true
            return state.wakeups
        }
        for sleeper in sleepers { sleeper.ring() }
    }
}
