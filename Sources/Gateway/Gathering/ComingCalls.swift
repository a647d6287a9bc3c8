import Engine
import Synchronization

/// Calls that are about to be made: whoever waits for a row asks for it as soon as he is woken, and one commit of a worker
/// wakes many. The statement of the first waits for the others, who come within a fraction of a millisecond, and for
/// nobody else.
///
/// Before, each statement for many waited for 2 ms: of the 14 ms that 32 callers over HTTP took for a step, 4 were waiting.
final class ComingCalls: Sendable {
    private let limit: Duration
    private let count = Mutex(0)
    private let all = Wakeup()

    /// - Parameter limit: how long they are waited for at most.
    init(limit: Duration = .milliseconds(2)) { self.limit = limit }

    /// One more is about to ask. Callers are announced before the first of them is woken.
    func expect() { count.withLock { $0 += 1 } }

    /// One has asked.
    func come() {
        let isLast = count.withLock { count in
            guard count > 0 else { return false }
            count -= 1
            return count == 0
        }
        if isLast { all.ring() }
    }

    /// Waits until all have asked. Whoever has not by the limit is expected no longer. One caller at a time.
    func waitForAll() async {
        let end = ContinuousClock.now + limit
        while count.withLock({ $0 > 0 }) {
            let left = ContinuousClock.now.duration(to: end)
            guard left > .zero else { return count.withLock { $0 = 0 } }
            _ = await all.wait(left)
        }
    }
}
