import Crypto
import Foundation
import OpenPGPPackets

/// How the key of a message is wrapped for an ECDH subkey, RFC 9580 section 11.5: SHA-256, AES-256.
enum KeyDerivation {
    /// As it stands in the subkey's packet.
    static let bytes: [UInt8] = [3, 1, HashAlgorithm.sha256.rawValue, 9]

    /// The key of AES key wrap (RFC 3394).
    static func wrappingKey(_ sharedSecret: Data, _ subkey: KeyPacket, _ curve: Curve) -> SymmetricKey {
        var hash = SHA256()
        hash.update(data: [0, 0, 0, 1])
        hash.update(data: sharedSecret)
        hash.update(data: [UInt8(curve.identifier.count)] + curve.identifier + [KeyAlgorithm.ecdh] + bytes)
        hash.update(data: Data("Anonymous Sender    ".utf8))
        hash.update(data: subkey.fingerprint)
        return SymmetricKey(data: Data(hash.finalize()))
    }
}
