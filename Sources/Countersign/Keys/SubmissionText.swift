import Crypto
package import Postgres

/// What an app signs: exactly these lines in UTF-8, each ended by a line feed. It binds an
/// answer to its request, to the code, to the device, to the moment, and to what the user was shown.
package struct SubmissionText: Sendable {
    package var action: SubmissionAction
    package var transactionID: Identifier
    /// SHA-256 of the 32 secret bytes of the code.
    package var secretDigest: [UInt8]
    package var enrollmentID: Identifier
    /// RFC 3339 in UTC, to the second, ending in Z: as it was sent.
    package var signedAt: String
    /// `digest(of:)` the prompt; nil and `-` are for a scan, and for an answer without a scan before.
    package var promptDigest: String?

    package init(
        action: SubmissionAction, transactionID: Identifier, secretDigest: [UInt8], enrollmentID: Identifier,
        signedAt: String, promptDigest: String?
    ) {
        self.action = action
        self.transactionID = transactionID
        self.secretDigest = secretDigest
        self.enrollmentID = enrollmentID
        self.signedAt = signedAt
        self.promptDigest = promptDigest
    }

    package static let noPrompt = "-"

    package var lines: String {
        """
        countersign-v1
        \(action.rawValue)
        \(transactionID.description)
        \(hexadecimal(secretDigest))
        \(enrollmentID.description)
        \(signedAt)
        \(promptDigest ?? Self.noPrompt)

        """
    }

    package var bytes: [UInt8] { Array(lines.utf8) }

    /// Of exactly the bytes of a prompt, in lower-case hexadecimal.
    package static func digest(of prompt: String) -> String {
        hexadecimal(SHA256.hash(data: Array(prompt.utf8)))
    }
}
