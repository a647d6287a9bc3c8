import HTTPService
import Hummingbird
import Synchronization

/// The requests of each portal that wait for something at this moment: for a code or for an end. Each keeps a connection, and
/// a portal that is paused, or that asks for results without end, must leave others some. Who waits for an end stays as a
/// browser's stream does, and has a place among those: with places of their own two portals and their visitors had all
/// connections for as long as they liked.
final class PortalWaits: Sendable {
    private let most: Int
    private let places: StreamPlaces
    private let counts = Mutex<[String: Int]>([:])

    /// A portal may have a quarter of so many connections.
    init(connections: Int, places: StreamPlaces) {
        (most, self.places) = (max(2, connections / 4), places)
    }

    /// Runs what waits for an end.
    func poll<T>(_ portal: String, _ body: () async throws -> sending T) async throws -> sending T {
        try await run(portal) {
            guard let place = try? places.take(of: portal) else {
                throw Self.refusal("as many requests and pages of this portal, or of all, as may")
            }
            defer { place.end() }
            return try await body()
        }
    }

    /// Runs what may wait. Fails with 429 where as many of that portal do so already.
    func run<T>(_ portal: String, _ body: () async throws -> sending T) async throws -> sending T {
        let isAdmitted = counts.withLock { counts in
            guard counts[portal, default: 0] < most else { return false }
            counts[portal, default: 0] += 1
            return true
        }
        guard isAdmitted else { throw Self.refusal("\(most) requests of this portal, which is the limit,") }
        defer {
            counts.withLock { counts in counts[portal] = counts[portal].flatMap { $0 > 1 ? $0 - 1 : nil } }
        }
        return try await body()
    }

    private static func refusal(_ who: String) -> Problem {
        Problem(
            .tooManyRequests, "1002", "\(who) wait at this moment; ask without wait, or later",
            [.retryAfter: "5"])
    }
}
