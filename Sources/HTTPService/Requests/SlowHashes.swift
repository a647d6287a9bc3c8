import Dispatch
import Hummingbird
import Synchronization

/// Computes slow hashes one after the other on a thread of their own, and no more than a few may wait: a flood of
/// wrong secrets costs one core and not the sign-ins of everybody.
package final class SlowHashes: Sendable {
    /// Nobody waits longer than for so many: about a second.
    package static let allowed = 12

    private let queue = DispatchQueue(label: "countersign.slow-hashes", qos: .utility)
    private let waiting = Mutex(0)
    private let limit: Int

    package init(limit: Int = SlowHashes.allowed) {
        self.limit = limit
    }

    /// Runs `hash` when its turn comes. Fails with 429 when too many wait.
    package func compute<T: Sendable>(_ hash: @escaping @Sendable () -> T) async throws(Problem) -> T {
        let isAdmitted = waiting.withLock { waiting in
            guard waiting < limit else { return false }
            waiting += 1
            return true
        }
        guard isAdmitted else {
            throw Problem(
                .tooManyRequests, "temporarily_unavailable", "too many logins at once; try again",
                [.retryAfter: "1"])
        }
        return await withCheckedContinuation { continuation in
            queue.async {
                let value = hash()
                self.waiting.withLock { $0 -= 1 }
                continuation.resume(returning: value)
            }
        }
    }
}
