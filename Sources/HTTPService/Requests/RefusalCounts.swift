package import Countersign
import Synchronization

/// Who was refused how often within a minute, by name and network. What is right is never asked for this: it only says
/// what guessers are told, and how much they may write into the log and the audit trail.
package final class RefusalCounts: Sendable {
    /// How often in a minute before guessers are told to wait.
    package struct Limits: Sendable {
        /// Of one name from one network.
        let name: Int
        /// Of all names from one network.
        let network: Int
        /// Of everybody.
        let all: Int

        package init(name: Int, network: Int, all: Int = .max) {
            (self.name, self.network, self.all) = (name, network, all)
        }
    }

    package enum Verdict { case counted, firstTooMany, tooMany }

    private enum Key: Hashable {
        case name(String, IPAddress?)
        case network(IPAddress?)
        case all
    }

    /// More than so many are forgotten together: what is counted must not cost memory without end.
    private static let capacity = 4_096

    private let limits: Limits
    private let counts = Mutex<[Key: (count: Int, since: ContinuousClock.Instant)]>([:])

    package init(_ limits: Limits) { self.limits = limits }

    /// Counts one more.
    package func count(
        _ name: String, from address: IPAddress?, at now: ContinuousClock.Instant = .now
    ) -> Verdict {
        let network = address?.network
        let name = String(name.unicodeScalars.prefix(64))
        let counted: [(Key, Int)] = [
            (.network(network), limits.network), (.name(name, network), limits.name), (.all, limits.all),
        ]
        return counts.withLock { counts in
            if counts.count >= Self.capacity { counts = [:] }
            for (key, limit) in counted {
                var entry = counts[key] ?? (0, now)
                if entry.since.duration(to: now) >= .seconds(60) { entry = (0, now) }
                entry.count += 1
                counts[key] = entry
                // What is over one limit counts towards none behind it: names without end are one network's, and what
                // one network sends does not use up what is told of others.
                if entry.count > limit { return entry.count == limit + 1 ? .firstTooMany : .tooMany }
            }
            return .counted
        }
    }
}
