import FoundationEssentials

/// Why a device's public key is not accepted, in words with which an app's developer can mend it.
package enum KeyRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The largest size, in bytes.
    case tooLarge(limit: Int)
    case notArmored
    /// What about it cannot be read.
    case malformed(String)
    /// What would take too long, or be too much, and what is allowed.
    case costly(String, limit: String)
    /// When it was made by its own word, and when it was looked at, in seconds since 1970.
    case madeAhead(UInt64, now: UInt64)
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
        case .malformed(let fault):
            "the key cannot be read: \(fault)"
        case .costly(let cost, let limit):
            "the key is too costly to work with: \(cost), at most \(limit) allowed"
        case .madeAhead(let created, let now):
            "the key, or a signature in it, was made at \(time(created)), \(created - min(now, created)) s ahead of "
                + "the time here, \(time(now)): at most \(LibraryHandle.clockSkew) s are allowed; set the device's clock"
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

/// RFC 3339 in UTC.
func time(_ seconds: UInt64) -> String {
    Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
}
