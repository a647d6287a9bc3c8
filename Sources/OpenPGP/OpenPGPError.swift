import Crnp

/// Why an operation that is ours to get right did not succeed. Refusals of what others send are `KeyRefusal`,
/// `SignatureRefusal` and `MessageRefusal`. No description holds a key or a text.
package enum OpenPGPError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What the system says of librnp, or of one of its functions, that is not there.
    case missingLibrary(String)
    /// The version of librnp that is loaded.
    case unsafeLibrary(version: String)
    /// What did not come out as it must.
    case selfTest(String)
    /// A function of librnp, and its result code (`rnp_err.h`).
    case library(function: String, code: UInt32)
    case noSecretKey
    case invalidUserID
    case recipient(KeyRefusal)
    case recipientCannotDecrypt
    /// The largest message, in bytes.
    case messageTooLarge(limit: Int)

    /// Whether it says nothing of what was given.
    var isWantOfMemory: Bool {
        if case .library(_, let code) = self { code == UInt32(RNP_ERROR_OUT_OF_MEMORY) } else { false }
    }

    package var description: String {
        switch self {
        case .missingLibrary(let fault):
            "librnp cannot be loaded: \(fault); Debian's librnp0 has it, 0.16.3 for one"
        case .unsafeLibrary(let version):
            "librnp \(version) makes session keys without randomness: install another version, 0.16.3 for one"
        case .selfTest(let fault):
            "the self-test of librnp failed: \(fault)"
        case .library(let function, let code):
            "\(function) of librnp failed with code 0x\(String(code, radix: 16))"
        case .noSecretKey:
            "the secret key is not exactly one unprotected version 4 OpenPGP secret key in binary form"
        case .invalidUserID:
            "the user ID of a key must have 1 to 128 bytes"
        case .recipient(let refusal):
            "the recipient's key is not accepted: \(refusal)"
        case .recipientCannotDecrypt:
            "the recipient's key has no valid key for encryption"
        case .messageTooLarge(let limit):
            "the message is longer than \(limit) bytes"
        }
    }
}
