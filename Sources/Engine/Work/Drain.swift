import Synchronization

/// Tells everything in a process to finish what it has in hand and stop. Set once, never unset.
package final class Drain: Sendable {
    private struct Progress {
        var isSet = false
        var wakeups: [Wakeup] = []
    }
    private let progress = Mutex(Progress())

    package init() {}

    package var isSet: Bool { progress.withLock { $0.isSet } }

    /// Wakes that sleeper when the drain begins, at once if it has begun.
    package func wake(_ wakeup: Wakeup) {
        let begun = progress.withLock { progress in
            progress.wakeups.append(wakeup)
            return progress.isSet
        }
        if begun { wakeup.ring() }
    }

    package func begin() {
        let sleepers = progress.withLock { progress in
            progress.isSet = true
            return progress.wakeups
        }
        for sleeper in sleepers { sleeper.ring() }
    }
}
