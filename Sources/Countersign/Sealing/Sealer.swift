import Crypto
import FoundationEssentials

/// Seals secrets before they are stored and opens them after they are read: AES-256-GCM with a random nonce.
///
/// A sealed value is `0x01 | key id, 4 bytes big-endian | nonce, 12 | ciphertext | tag, 16`. Its associated
/// data is the place where it stands, so that a value copied into another row does not open there.
package struct Sealer: Sendable {
    static let version: UInt8 = 1
    static let headerLength = 5

    package let keys: MasterKeys

    package init(_ keys: MasterKeys) {
        self.keys = keys
    }

    package func seal(_ secret: [UInt8], at place: SealedPlace) throws -> [UInt8] {
        let box = try AES.GCM.seal(
            secret, using: keys.current.key, authenticating: Array(place.description.utf8))
        return Self.header(keys.current.id) + box.nonce + box.ciphertext + box.tag
    }

    package func open(_ sealed: [UInt8], at place: SealedPlace) throws(SealingError) -> [UInt8] {
        guard let id = Self.keyID(of: sealed) else { throw .malformed(place) }
        guard let key = keys.key(id) else { throw .unknownKey(id, place) }
        do {
            let box = try AES.GCM.SealedBox(combined: sealed.dropFirst(Self.headerLength))
            let secret = try AES.GCM.open(box, using: key.key, authenticating: Array(place.description.utf8))
            return Array(secret)
        } catch {
            throw .doesNotOpen(id, place)
        }
    }

    /// Version and key id, with which every value begins that this key has sealed.
    static func header(_ id: UInt32) -> [UInt8] {
        [version] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> $0) }
    }

    /// The id of the key that sealed a value; nil when it cannot be a sealed value.
    static func keyID(of sealed: [UInt8]) -> UInt32? {
        guard sealed.count >= headerLength + 28, sealed[0] == version else { return nil }
        return sealed[1..<headerLength].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

/// Why a sealed value cannot be opened.
package enum SealingError: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(SealedPlace)
    case unknownKey(UInt32, SealedPlace)
    case doesNotOpen(UInt32, SealedPlace)

    package var description: String {
        switch self {
        case .malformed(let place):
            "\(place) holds no sealed value"
        case .unknownKey(let id, let place):
            "\(place) is sealed with master key \(id), which is not in \(MasterKeys.variable)"
        case .doesNotOpen(let id, let place):
            "\(place) does not open with master key \(id) of \(MasterKeys.variable): "
                + "the key is a wrong one, or the value was changed or moved here"
        }
    }
}
