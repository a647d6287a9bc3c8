import Countersign
import Postgres
import Synchronization

/// A portal as the gateway knows it.
struct KnownPortal: Sendable, Hashable {
    let name: String
    /// Where it is told of its requests.
    let channel: String
    let isEnabled: Bool
    /// The number of the cell in which it is.
    var cell = 0
}

/// Client ids, looked up in the databases and kept for a few seconds.
///
/// Those that are not known are looked for together, in one statement at a time: however many a guesser makes up, they
/// cost one connection, and a client id that is new waits for one look or two.
final class PortalDirectory: Sendable {
    struct Entry: Sendable {
        var portal: KnownPortal
        let digest: SecretDigest
    }

    private static let capacity = 1_024

    private typealias Looks = Gathering<String, Entry?>

    /// By the place of the cell.
    private let looks: [Looks]
    private let cells: Cells
    private let freshness: Duration
    private let entries = Mutex<[String: (entry: Entry, place: Int, at: ContinuousClock.Instant)]>([:])

    /// - Parameter freshness: so long a removed or changed credential may still count.
    init(_ cells: Cells, freshness: Duration) {
        (self.cells, self.freshness) = (cells, freshness)
        looks = cells.all.map { cell in
            let database = cell.signIns.database
            return Gathering(
                most: 200,
                together: { clientIDs in
                    let asking = FindCredentials(clientIDs: Array(Set(clientIDs)))
                    let found = try await database.run(.server("credentials"), asking).all()
                    let known = Dictionary(found) { first, _ in first }
                    return clientIDs.map { id in
                        var entry = known[id] ?? nil
                        entry?.portal.cell = cell.number
                        return .some(entry)
                    }
                })
        }
    }

    /// Nil for a client id that does not exist. Those are not kept: there are endlessly many.
    ///
    /// - Parameter asker: who asks; askers take turns.
    func entry(_ clientID: String, asker: String) async throws -> Entry? {
        let known = entries.withLock { $0[clientID] }
        if let known, known.at.duration(to: .now) < freshness { return known.entry }
        let found = try await find(clientID, asker, before: known?.place)
        entries.withLock { entries in
            if entries.count >= Self.capacity { entries = [:] }
            entries[clientID] = found.map { ($0.entry, $0.place, .now) }
        }
        return found?.entry
    }

    private typealias Found = (entry: Entry, place: Int)

    /// Looks where it was before, and where that is unknown, or it is there no more, everywhere.
    private func find(_ clientID: String, _ asker: String, before: Int?) async throws -> Found? {
        let place = looks.count == 1 ? 0 : before
        if let place, let entry = try await looks[place].ask(clientID, lane: asker) { return (entry, place) }
        return looks.count == 1 ? nil : try await findAnywhere(clientID, asker)
    }

    /// Waits for the first that has it: nobody waits for a cell that is silent while another has the portal. Fails where
    /// none has it and one did not answer.
    private func findAnywhere(_ clientID: String, _ asker: String) async throws -> Found? {
        let (answers, asked) = AsyncStream.makeStream(of: Result<Found?, any Error>.self)
        let owners = OwnersOfClientID()
        for (place, look) in looks.enumerated() {
            Task(name: "credentials") {
                do {
                    let entry = try await look.ask(clientID, lane: asker)
                    if entry != nil, let other = owners.add(place) { cells.noteTwins(clientID, other, place) }
                    asked.yield(.success(entry.map { ($0, place) }))
                } catch {
                    asked.yield(.failure(error))
                }
            }
        }
        var failure: (any Error)?
        for await answer in answers.prefix(looks.count) {
            switch answer {
            case .success(let found?): return found
            case .success(nil): continue
            case .failure(let error): failure = error
            }
        }
        if let failure { throw failure }
        return nil
    }
}

/// The cells that have said that a client id is theirs.
private final class OwnersOfClientID: Sendable {
    private let first = Mutex<Int?>(nil)

    /// The first, for every other.
    func add(_ place: Int) -> Int? {
        first.withLock { first in
            defer { first = first ?? place }
            return first
        }
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
