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
        guard let found = try await database.run(.nobody, FindCredential(clientID: clientID)).first(),
            let hash = SecretHash(found.hash)
        else { return nil }
        return Entry(portal: found.portal, hash: hash)
    }
}

/// No row for a client id that does not exist.
struct FindCredential: PreparedStatement {
    let clientID: String

    static let statement = Statement(
        "gateway.credential",
        "SELECT portal, channel, enabled, secret_hash FROM countersign.portal_credential($1)")
    var parameters: [Parameter] { [.text(clientID)] }
    static func decode(_ row: inout RowReader) throws -> (portal: KnownPortal, hash: String) {
        let portal = KnownPortal(
            name: try row.text("portal"), channel: try row.text("channel"), isEnabled: try row.bool("enabled")
        )
        return (portal, try row.text("secret_hash"))
    }
}
