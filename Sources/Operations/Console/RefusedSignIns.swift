import Countersign
import Synchronization

/// Who was refused how often within a minute, by name and network. A right password is never asked for this: it only says
/// what guessers are told, and how much they may write into the log and the audit trail.
final class RefusedSignIns: Sendable {
    private enum Key: Hashable {
        case pair(String, IPAddress?)
        case network(IPAddress?)
        case all
    }

    /// How often in a minute before guessers are told to wait.
    enum Limit {
        static let pair = 5
        static let network = 30
        static let all = 300
    }
    /// More than so many are forgotten together: what is counted must not cost memory without end.
    private static let capacity = 4_096

    enum Verdict { case recorded, firstTooMany, tooMany }

    private let counts = Mutex<[Key: (count: Int, since: ContinuousClock.Instant)]>([:])

    /// Counts one more.
    func count(
        _ name: String, from address: IPAddress?, at now: ContinuousClock.Instant = .now
    ) -> Verdict {
        let network = address?.network
        let limits: [(Key, Int)] = [
            (.network(network), Limit.network), (.pair(String(name.prefix(64)), network), Limit.pair),
            (.all, Limit.all),
        ]
        return counts.withLock { counts in
            if counts.count >= Self.capacity { counts = [:] }
            for (key, limit) in limits {
                var entry = counts[key] ?? (0, now)
                if entry.since.duration(to: now) >= .seconds(60) { entry = (0, now) }
                entry.count += 1
                counts[key] = entry
                // What is over one limit counts towards none behind it: names without end are one network's, and what
                // one network sends does not use up what is told of others.
                if entry.count > limit { return entry.count == limit + 1 ? .firstTooMany : .tooMany }
            }
            return .recorded
        }
    }
}
