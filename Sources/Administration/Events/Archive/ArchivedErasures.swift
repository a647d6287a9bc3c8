import Crypto
import FoundationEssentials
import Postgres

/// Compares events whose user was erased with the events that tell of the erasures, as `verify_erasures` does in the
/// database. Both may stand in different weeks.
package struct ArchivedErasures: Sendable {
    /// An event that goes into the chain with the digest that it had.
    struct Event {
        let before: [UInt8]
        let after: [UInt8]
        let erasure: String

        init(_ erased: ArchiveManifest.Erased) {
            before = bytes(ofHexadecimal: erased.before) ?? []
            after = bytes(ofHexadecimal: erased.after) ?? []
            erasure = erased.erasure
        }
    }

    /// The events of an erasure so far.
    private struct Sum {
        let file: String
        let app: Int?
        let user: String?
        var events = 0
        var hash = SHA256()
        var isOfOthers = false
    }

    /// What the event of an erasure says.
    private struct Proof {
        let app: Int?
        let user: String?
        let events: Int
        let digest: String
    }

    /// See `erased_details()`.
    package static let details: Set = [
        "ip_address", "user_agent", "reference", "device_address", "device_agent", "device_id",
    ]

    /// Which is read.
    var file = ""
    private var sums: [String: Sum] = [:]
    private var proofs: [String: Proof] = [:]

    /// False when the event was changed, or holds more than an erasure leaves.
    mutating func add(_ id: String, _ erased: Event, line: [UInt8], hash: [UInt8]) -> Bool {
        guard hash == erased.after, erased.before.count == hash.count, let identifier = Identifier(id),
            let event = ArchivedEvent(line), Self.isErased(event)
        else { return false }
        var sum =
            sums.removeValue(forKey: erased.erasure) ?? Sum(file: file, app: event.app, user: event.user)
        sum.isOfOthers = sum.isOfOthers || (sum.app, sum.user) != (event.app, event.user)
        sum.hash.update(data: identifier.bytes + erased.before + erased.after)
        sum.events += 1
        sums[erased.erasure] = sum
        return true
    }

    /// An event that tells of an erasure.
    mutating func add(_ id: String, _ event: ArchivedEvent) {
        proofs[id] = Proof(
            app: event.app, user: event.user, events: event.details.events ?? 0,
            digest: event.details.digest ?? "")
    }

    private static func isErased(_ event: ArchivedEvent) -> Bool {
        guard let user = event.user, user.hasPrefix("erased-"), event.type != "user.erased" else {
            return false
        }
        let digits = user.utf8.dropFirst(7)
        return digits.count == 32 && digits.allSatisfy { "0123456789abcdef".utf8.contains($0) }
            && event.details.names.isDisjoint(with: details)
    }

    /// How many erased events no event of an erasure proves: that one, or others that it proves, are not here.
    var unproved: Int {
        sums.reduce(0) { count, entry in
            let told = proofs[entry.key]?.events ?? .max
            return entry.value.events < told ? count + entry.value.events : count
        }
    }

    /// Erasures that do not fit their events, and the file that each begins in.
    var faults: [(erasure: String, file: String)] {
        sums.filter { isFault($0.key, $0.value) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value.file) }
    }

    private func isFault(_ erasure: String, _ sum: Sum) -> Bool {
        guard !sum.isOfOthers else { return true }
        guard let proof = proofs[erasure] else { return false }
        guard (sum.app, sum.user) == (proof.app, proof.user) else { return true }
        return sum.events > proof.events
            || sum.events == proof.events && hexadecimal(sum.hash.finalize()) != proof.digest
    }
}
