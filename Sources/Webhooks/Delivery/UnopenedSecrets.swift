import Synchronization

/// What a worker tells of secrets that its master keys do not open, in its log and to `/readyz`.
package final class UnopenedSecrets: Sendable {
    /// Lines of the log are a minute apart: each delivery that waits would be one, every few seconds.
    private static let logInterval = Duration.seconds(60)
    /// Longer than a delivery waits for its next try, so that it does not come and go.
    private static let memory = Duration.seconds(300)

    private struct Seen {
        var error: (text: String, at: ContinuousClock.Instant)?
        var logged: ContinuousClock.Instant?
    }
    private let seen = Mutex(Seen())

    init() {}

    /// Returns whether a line of the log is due.
    func note(_ error: any Error, now: ContinuousClock.Instant = .now) -> Bool {
        let text = "\(error)"
        return seen.withLock { seen in
            seen.error = (text, now)
            if let logged = seen.logged, logged + Self.logInterval > now { return false }
            seen.logged = now
            return true
        }
    }

    /// The last one of the last five minutes; nil when there was none. Names where the value stands, and shows no secret.
    package var latest: String? {
        seen.withLock { seen in
            seen.error.flatMap { $0.at + Self.memory > .now ? $0.text : nil }
        }
    }
}
