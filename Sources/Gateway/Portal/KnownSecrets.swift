import Countersign
import Crypto
import FoundationEssentials
import Synchronization

/// Which secrets were found right lately, so that a portal pays for the slow hash once and not at each request.
///
/// It keeps no secret: only an HMAC of it, with its client id and the hash that it fits, under a key that dies
/// with the process. A new hash is a new entry, so that a rotated secret is out as soon as the hash is known.
final class KnownSecrets: Sendable {
    static let capacity = 1_024

    private let key = SymmetricKey(size: .bits256)
    private let entries = Mutex<(known: Set<[UInt8]>, order: [[UInt8]], next: Int)>(([], [], 0))

    func contains(_ clientID: String, _ secret: String, _ hash: SecretHash) -> Bool {
        let entry = entry(clientID, secret, hash)
        return entries.withLock { $0.known.contains(entry) }
    }

    func insert(_ clientID: String, _ secret: String, _ hash: SecretHash) {
        let entry = entry(clientID, secret, hash)
        entries.withLock { state in
            guard state.known.insert(entry).inserted else { return }
            guard state.order.count == Self.capacity else { return state.order.append(entry) }
            state.known.remove(state.order[state.next])
            state.order[state.next] = entry
            state.next = (state.next + 1) % Self.capacity
        }
    }

    /// No two triples have the same text: neither a client id nor a hash has a line feed.
    private func entry(_ clientID: String, _ secret: String, _ hash: SecretHash) -> [UInt8] {
        let text = Data("\(clientID)\n\(hash.text)\n\(secret)".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: text, using: key))
    }
}
