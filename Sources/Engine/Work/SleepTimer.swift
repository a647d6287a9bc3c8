import HeapModule
import Synchronization

/// Ends all sleeps of `Wakeup` at their time: a task sleeps until the first end of all.
///
/// Nearly every sleep is ended by a ring long before: one visitor's sign-in over HTTP waits three times, for a second at
/// most and for milliseconds as a rule. A task that sleeps for each took a tenth of the time of `serve`: a sleep that is
/// cancelled stays with the system's timers until its time, and wakes a thread for nothing.
final class SleepTimer: Sendable {
    static let shared = SleepTimer()

    fileprivate struct Sleep: Comparable {
        let end: ContinuousClock.Instant
        let wakeup: Wakeup
        let number: Int

        var isUnderWay: Bool { wakeup.isUnderWay(number) }

        static func < (one: Self, other: Self) -> Bool { one.end < other.end }
        static func == (one: Self, other: Self) -> Bool { one.end == other.end }
    }

    fileprivate struct State {
        var sleeps: Heap<Sleep> = []
        /// When the tasks wake, the first of them last. One that was begun for an end far away is still there when those
        /// that came before it are over.
        var wakes: [ContinuousClock.Instant] = []
        /// Once so many are kept, those that have ended meanwhile are left out.
        var limit = State.least

        static let least = 256
    }

    private let state = Mutex(State())

    /// Ends that sleep then, if it has not ended before.
    func end(_ number: Int, of wakeup: Wakeup, at end: ContinuousClock.Instant) {
        let isFirst = state.withLock { state in
            state.insert(Sleep(end: end, wakeup: wakeup, number: number))
            return state.mustWake(at: end)
        }
        // Detached: it sleeps for others, too, and is nobody's request.
        if isFirst { Task.detached(name: "timer of sleeps") { await self.run(until: end) } }
    }

    /// How many sleeps are kept, some of which have ended, and how many tasks wake.
    var counts: (sleeps: Int, tasks: Int) { state.withLock { ($0.sleeps.count, $0.wakes.count) } }

    private func run(until end: ContinuousClock.Instant) async {
        var end = end
        while true {
            try? await Task.sleep(until: end, tolerance: .zero, clock: .continuous)
            let (over, next) = state.withLock { [end] in $0.takeOver(by: .now, woken: end) }
            for sleep in over { sleep.wakeup.expire(sleep.number) }
            guard let next else { return }
            end = next
        }
    }
}

extension SleepTimer.State {
    fileprivate mutating func insert(_ sleep: SleepTimer.Sleep) {
        sleeps.insert(sleep)
        guard sleeps.count > limit else { return }
        sleeps = Heap(sleeps.unordered.filter(\.isUnderWay))
        limit = max(Self.least, 2 * sleeps.count)
    }

    /// Whether no task wakes by then; one that does is counted from now on.
    fileprivate mutating func mustWake(at end: ContinuousClock.Instant) -> Bool {
        guard wakes.last.map({ end < $0 }) ?? true else { return false }
        wakes.append(end)
        return true
    }

    /// Those whose time is over, and when the task that has woken is to look again: never, where another wakes by then or
    /// no sleep is left.
    fileprivate mutating func takeOver(
        by now: ContinuousClock.Instant, woken: ContinuousClock.Instant
    ) -> (over: [SleepTimer.Sleep], next: ContinuousClock.Instant?) {
        wakes.removeAll { $0 == woken }
        var over: [SleepTimer.Sleep] = []
        while let first = sleeps.min, first.end <= now || !first.isUnderWay {
            over.append(sleeps.removeMin())
        }
        guard let first = sleeps.min?.end, mustWake(at: first) else { return (over, nil) }
        return (over, first)
    }
}
