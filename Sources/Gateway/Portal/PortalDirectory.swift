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
///
/// Those that are not known are looked for together, in one statement at a time: however many a guesser makes up, they
/// cost one connection, and a client id that is new waits for one look or two.
final class PortalDirectory: Sendable {
    struct Entry: Sendable {
        let portal: KnownPortal
        let digest: SecretDigest
    }

    /// So long a removed or changed credential may still count.
    static let freshness = Duration.seconds(3)
    private static let capacity = 1_024

    private let looks: Gathering<String, Entry?>
    private let entries = Mutex<[String: (entry: Entry, at: ContinuousClock.Instant)]>([:])

    init(_ database: GatewayDatabase) {
        looks = Gathering(
            most: 200,
            together: { clientIDs in
                let asking = FindCredentials(clientIDs: Array(Set(clientIDs)))
                let found = try await database.run(.server("credentials"), asking).all()
                let known = Dictionary(found) { first, _ in first }
                return clientIDs.map { .some(known[$0] ?? nil) }
            })
    }

    /// Nil for a client id that does not exist. Those are not kept: there are endlessly many.
    ///
    /// - Parameter asker: who asks; askers take turns.
    func entry(_ clientID: String, asker: String) async throws -> Entry? {
        let known = entries.withLock { $0[clientID] }
        if let known, known.at.duration(to: .now) < Self.freshness { return known.entry }
        let found = try await looks.ask(clientID, lane: asker)
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries = [:] }
            entries[clientID] = found.map { ($0, .now) }
        }
        return found
    }
}

/// No row for a client id that does not exist.
struct FindCredentials: PreparedStatement {
    let clientIDs: [String]

    static let statement = Statement(
        "gateway.credentials",
        "SELECT client_id, portal, channel, enabled, secret_hash FROM countersign.find_credentials($1)")
    var parameters: [Parameter] { [.texts(clientIDs)] }
    static func decode(_ row: inout RowReader) throws -> (String, PortalDirectory.Entry?) {
        let clientID = try row.text("client_id")
        let portal = KnownPortal(
            name: try row.text("portal"), channel: try row.text("channel"), isEnabled: try row.bool("enabled")
        )
        let digest = SecretDigest(try row.text("secret_hash"))
        return (clientID, digest.map { PortalDirectory.Entry(portal: portal, digest: $0) })
    }
}
