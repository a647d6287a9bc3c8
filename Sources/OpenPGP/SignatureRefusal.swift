/// Why a signature does not count.
package enum SignatureRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The device's key by which it was to be checked.
    case key(KeyRefusal)
    /// The largest size, in bytes.
    case tooLarge(limit: Int)
    case notArmored
    case malformed
    case none
    case several
    case version(Int)
    /// The type octet, RFC 9580 section 5.2.1.
    case notBinary(type: Int)
    /// The hash algorithm's number, RFC 9580 section 9.5.
    case weakHash(Int)
    case otherSigner
    /// Revoked, expired, not for signing, or not bound to the certificate.
    case signerNotValid
    case expired
    case wrong
    case library

    package var description: String {
        switch self {
        case .key(let refusal): "the key to check the signature with is not accepted: \(refusal)"
        case .tooLarge(let limit): "the signature is longer than \(limit) bytes"
        case .notArmored:
            "the signature is not exactly one block of ASCII armor with the first line "
                + "-----BEGIN PGP SIGNATURE-----"
        case .malformed: "the signature cannot be read"
        case .none: "there is no signature"
        case .several: "there is more than one signature: exactly one is allowed"
        case .version(let version): "the signature has version \(version): only version 4 is accepted"
        case .notBinary(let type):
            "the signature has type 0x\(String(type, radix: 16)): only type 0x00, of a binary document, "
                + "is accepted"
        case .weakHash(let hash):
            "the signature uses hash algorithm \(hash): only SHA-2 and SHA-3 with 256 bits or more are accepted"
        case .otherSigner: "the signature was made by another key than the enrolled one"
        case .signerNotValid:
            "the signing key is not valid: it is revoked, expired, not for signing, or not part of the enrolled key"
        case .expired: "the signature has expired, or was made more than 5 minutes in the future"
        case .wrong: "the signature does not fit the text"
        case .library: "the signature could not be checked"
        }
    }
}
