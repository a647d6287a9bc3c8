/// Why a device's public key is not accepted, in words with which an app's developer can mend it.
package enum KeyRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The largest size, in bytes.
    case tooLarge(limit: Int)
    case notArmored
    case malformed
    case severalKeys
    case secretKey
    case version(Int)
    case noUserID
    case weakAlgorithm(String)
    case weakSelfSignature(String)
    case revoked
    case expired
    case noValidSelfSignature
    /// Not every part of it.
    case notSelfSigned
    case noSigningKey
    case library

    package var description: String {
        switch self {
        case .tooLarge(let limit):
            "the key is longer than \(limit) bytes: export it without photos and other people's signatures"
        case .notArmored:
            "the key is not exactly one block of ASCII armor with the first line "
                + "-----BEGIN PGP PUBLIC KEY BLOCK-----"
        case .malformed:
            "the key cannot be read: it is damaged, or holds something that does not belong to a public key"
        case .severalKeys:
            "there is more than one key: export exactly one, with its subkeys"
        case .secretKey:
            "this is a secret key: send the public key only, and make a new pair, for this one was disclosed"
        case .version(let version):
            "the key has version \(version): only version 4 is accepted"
        case .noUserID:
            "the key has no user ID"
        case .weakAlgorithm(let algorithm):
            "\(algorithm) is not accepted: use Ed25519 with Curve25519, ECDSA with ECDH on a NIST curve, "
                + "or RSA with at least 3072 bits"
        case .weakSelfSignature(let hash):
            "the key's own signatures use \(hash): sign it again with SHA-256 or better"
        case .revoked:
            "the key is revoked"
        case .expired:
            "the key has expired"
        case .noValidSelfSignature:
            "the key has no valid signature by itself"
        case .notSelfSigned:
            "a user ID, subkey or signature of the key is without a valid signature by the key itself: "
                + "export it anew, without other people's signatures"
        case .noSigningKey:
            "the key has no valid key for signing, neither the primary nor a subkey"
        case .library:
            "the key could not be checked"
        }
    }
}
