import Countersign
import Dispatch
import Hummingbird
import Synchronization

/// Checks slow hashes one after the other on a thread of their own, and no more than a few may wait: a flood of
/// wrong secrets costs one core and not the sign-ins of everybody.
final class SlowHashes: Sendable {
    /// Nobody waits longer than for so many: about a second.
    static let allowed = 12

    private let queue = DispatchQueue(label: "countersign.slow-hashes", qos: .utility)
    private let waiting = Mutex(0)
    private let limit: Int

    init(limit: Int = SlowHashes.allowed) {
        self.limit = limit
    }

    /// Fails with 429 when too many wait.
    func fits(_ secret: String, _ hash: SecretHash) async throws(Problem) -> Bool {
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
                let fits = hash.fits(secret)
                self.waiting.withLock { $0 -= 1 }
                continuation.resume(returning: fits)
            }
        }
    }
}
