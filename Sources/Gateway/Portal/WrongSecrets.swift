import Countersign
import Synchronization

/// Who has sent how many wrong secrets in the last minute, by client id and address. A right secret is never asked for
/// this: whoever guesses is told to wait, and nobody else, not even behind the same address.
final class WrongSecrets: Sendable {
    /// Of one client id from one address in a minute, before the answer is 429.
    static let allowed = 10
    /// Of all client ids from one address.
    static let allowedOfAddress = 100
    /// More than so many at a time are forgotten together: what is counted must not cost memory without end.
    private static let capacity = 4_096

    private struct Guesser: Hashable {
        /// Nil for all.
        let clientID: String?
        let address: IPAddress?
    }

    private let counts = Mutex<[Guesser: (count: Int, since: ContinuousClock.Instant)]>([:])

    /// Counts one more; false when there were too many.
    func count(_ clientID: String, from address: IPAddress?, at now: ContinuousClock.Instant = .now) -> Bool {
        let network = address?.network
        return counts.withLock { counts in
            func count(_ guesser: Guesser) -> Int {
                var entry = counts[guesser] ?? (0, now)
                if entry.since.duration(to: now) > .seconds(60) { entry = (0, now) }
                entry.count += 1
                counts[guesser] = entry
                return entry.count
            }
            if counts.count >= Self.capacity { counts = [:] }
            let ofAll = count(Guesser(clientID: nil, address: network))
            let ofOne = count(Guesser(clientID: clientID, address: network))
            return ofOne <= Self.allowed && ofAll <= Self.allowedOfAddress
        }
    }
}
