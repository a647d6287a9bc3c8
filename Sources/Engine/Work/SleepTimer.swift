import HeapModule
import Synchronization

/// Ends all sleeps of `Wakeup` at their time, with one task that sleeps until the first of them.
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
        /// When the task that counts wakes; nil when there is none.
        var next: ContinuousClock.Instant?
        /// Of that task. One that is not the newest ends when it wakes.
        var number = 0
        /// Once so many are kept, those that have ended meanwhile are left out.
        var limit = State.least

        static let least = 256
    }

    private let state = Mutex(State())

    /// Ends that sleep then, if it has not ended before.
    func end(_ number: Int, of wakeup: Wakeup, at end: ContinuousClock.Instant) {
        let task: Int? = state.withLock { state in
            state.insert(Sleep(end: end, wakeup: wakeup, number: number))
            guard state.next.map({ end < $0 }) ?? true else { return nil }
            state.next = end
            state.number += 1
            return state.number
        }
        if let task { Task(name: "timer of sleeps") { await run(task, until: end) } }
    }

    /// How many sleeps are kept; some have ended.
    var count: Int { state.withLock(\.sleeps.count) }

    private func run(_ task: Int, until end: ContinuousClock.Instant) async {
        var end = end
        while true {
            try? await Task.sleep(until: end, tolerance: .zero, clock: .continuous)
            let (over, next) = state.withLock { $0.takeOver(by: .now, task) }
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

    /// Those whose time is over, and when that task is to look again; never, where it is not the newest or none is left.
    fileprivate mutating func takeOver(
        by now: ContinuousClock.Instant, _ task: Int
    ) -> (over: [SleepTimer.Sleep], next: ContinuousClock.Instant?) {
        guard task == number else { return ([], nil) }
        var over: [SleepTimer.Sleep] = []
        while let first = sleeps.min, first.end <= now || !first.isUnderWay {
            over.append(sleeps.removeMin())
        }
        next = sleeps.min?.end
        return (over, next)
    }
}
