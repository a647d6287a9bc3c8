/// Why an encrypted message is not taken. No part of its text has got out.
package enum MessageRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The largest message, in bytes.
    case tooLarge(limit: Int)
    case notArmored
    case malformed
    case secretKey
    /// Made for another key, tampered with, or cut off: one cannot tell these apart.
    case doesNotOpen
    case notEncrypted
    /// The mode of encryption, as librnp names it.
    case noIntegrityProtection(mode: String)
    case weakCipher(String)
    case signature(SignatureRefusal)
    case library

    package var description: String {
        switch self {
        case .tooLarge(let limit): "the message, or the text in it, is longer than \(limit) bytes"
        case .notArmored:
            "the message is not exactly one block of ASCII armor with the first line "
                + "-----BEGIN PGP MESSAGE-----"
        case .malformed: "the message cannot be read"
        case .secretKey: "our secret key for this message cannot be read"
        case .doesNotOpen: "the message does not open: it is for another key, was changed, or is cut off"
        case .notEncrypted: "the message is not encrypted"
        case .noIntegrityProtection(let mode):
            "the message is encrypted in mode \(mode): only integrity-protected messages (MDC) are accepted"
        case .weakCipher(let cipher): "the message is encrypted with \(cipher): only AES is accepted"
        case .signature(let refusal): "the message is not accepted: \(refusal)"
        case .library: "the message could not be checked"
        }
    }
}
