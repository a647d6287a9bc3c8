/// Why a signature does not count.
package enum SignatureRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The device's key by which it was to be checked.
    case key(KeyRefusal)
    /// The largest size, in bytes.
    case tooLarge(limit: Int)
    case notArmored
    /// What about it cannot be read.
    case malformed(String)
    case none
    case several
    case version(Int)
    /// The type octet, RFC 9580 section 5.2.1.
    case notBinary(type: Int)
    /// The hash algorithm's number, RFC 9580 section 9.5.
    case weakHash(Int)
    /// The fingerprint or key ID of the key that made it, if it says that.
    case otherSigner(String?)
    /// Revoked, expired, not for signing, or not bound to the certificate.
    case signerNotValid
    case expired
    /// When it was made by its own word, and when it was looked at, in seconds since 1970.
    case madeAhead(UInt64, now: UInt64)
    /// When it and its key were made, in seconds since 1970.
    case olderThanKey(UInt64, key: UInt64)
    /// Known without the key.
    case otherText
    case wrong
    case library

    package var description: String {
        switch self {
        case .key(let refusal): "the key to check the signature with is not accepted: \(refusal)"
        case .tooLarge(let limit): "the signature is longer than \(limit) bytes"
        case .notArmored:
            "the signature is not exactly one block of ASCII armor with the first line "
                + "-----BEGIN PGP SIGNATURE-----"
        case .malformed(let fault): "the signature cannot be read: \(fault)"
        case .none: "there is no signature"
        case .several: "there is more than one signature: exactly one is allowed"
        case .version(let version): "the signature has version \(version): only version 4 is accepted"
        case .notBinary(let type):
            "the signature has type 0x\(String(type, radix: 16)): only type 0x00, of a binary document, "
                + "is accepted"
        case .weakHash(let hash):
            "the signature uses hash algorithm \(hash): only SHA-2 and SHA-3 with 256 bits or more are accepted"
        case .otherSigner(let key?): "signed by another key than the enrolled one: fingerprint \(key)"
        case .otherSigner(nil): "the signature does not say which key made it"
        case .signerNotValid:
            "the signing key is not valid: it is revoked, expired, not for signing, or not part of the enrolled key"
        case .expired: "the signature has expired"
        case .madeAhead(let created, let now):
            "the signature was made at \(time(created)), \(created - min(now, created)) s ahead of the time here, "
                + "\(time(now)): at most \(LibraryHandle.clockSkew) s are allowed; set the device's clock"
        case .olderThanKey(let created, let key):
            "the signature was made at \(time(created)), \(key - min(key, created)) s before its key, at "
                + "\(time(key)): the device's clock ran ahead when it made its key, or is behind now, and at most "
                + "\(LibraryHandle.clockSkew) s are allowed; set the device's clock"
        case .otherText: "the signature is one of another text"
        case .wrong: "the signature is not one of this text by this key"
        case .library: "the signature could not be checked"
        }
    }
}
