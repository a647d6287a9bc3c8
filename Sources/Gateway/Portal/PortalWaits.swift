import HTTPService
import Hummingbird
import Synchronization

/// The requests of each portal that wait for something at this moment: for a code or for an end. Each keeps a connection, and
/// a portal that is paused, or that asks for results without end, must leave others some.
final class PortalWaits: Sendable {
    private let most: Int
    private let counts = Mutex<[String: Int]>([:])

    /// A portal may have a quarter of so many connections.
    init(connections: Int) { most = max(2, connections / 4) }

    /// Runs what may wait. Fails with 429 where as many of that portal do so already.
    func run<T>(_ portal: String, _ body: () async throws -> sending T) async throws -> sending T {
        let isAdmitted = counts.withLock { counts in
            guard counts[portal, default: 0] < most else { return false }
            counts[portal, default: 0] += 1
            return true
        }
        guard isAdmitted else {
            throw Problem(
                .tooManyRequests, "1002",
                "\(most) requests of this portal wait at this moment, which is the limit; ask without wait, or later",
                [.retryAfter: "5"])
        }
        defer {
            counts.withLock { counts in counts[portal] = counts[portal].flatMap { $0 > 1 ? $0 - 1 : nil } }
        }
        return try await body()
    }
}
