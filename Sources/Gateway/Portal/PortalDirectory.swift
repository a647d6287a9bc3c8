import Countersign
import Postgres
import Synchronization

/// A portal as the gateway knows it.
struct KnownPortal: Sendable, Hashable {
    let name: String
    /// Where it is told of its requests.
    let channel: String
    let isEnabled: Bool
}

/// Client ids, looked up in the database and kept for a few seconds.
final class PortalDirectory: Sendable {
    struct Entry: Sendable {
        let portal: KnownPortal
        let hash: SecretHash
    }

    /// So long a removed or changed credential may still count.
    static let freshness = Duration.seconds(3)
    private static let capacity = 1_024

    private let database: GatewayDatabase
    private let entries = Mutex<[String: (entry: Entry, at: ContinuousClock.Instant)]>([:])

    init(_ database: GatewayDatabase) { self.database = database }

    /// Nil for a client id that does not exist. Those are not kept: there are endlessly many.
    func entry(_ clientID: String) async throws -> Entry? {
        let known = entries.withLock { $0[clientID] }
        if let known, known.at.duration(to: .now) < Self.freshness { return known.entry }
        let found = try await look(clientID)
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries = [:] }
            entries[clientID] = found.map { ($0, .now) }
        }
        return found
    }

    private func look(_ clientID: String) async throws -> Entry? {
        guard let row = try await database.run(.nobody, Step(Self.credential, [.text(clientID)]))[0].first,
            let hash = SecretHash(try row.text(3))
        else { return nil }
        let portal = KnownPortal(
            name: try row.text(0), channel: try row.text(1), isEnabled: try row.bool(2))
        return Entry(portal: portal, hash: hash)
    }

    /// $1 client id.
    static let credential = Statement(
        "gateway.credential",
        "SELECT portal, channel, enabled, secret_hash FROM countersign.portal_credential($1)")
}
