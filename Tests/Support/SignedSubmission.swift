package import Countersign
import Crypto
import Engine
package import OpenPGP
package import Postgres
import Testing

/// The columns of a submission, and what was signed: what an app sends.
package struct SignedSubmission: Sendable {
    package var code: String
    package var text: SubmissionText
    package var signature: String?

    package var parameters: [Parameter] {
        [
            .text(text.enrollmentID.description), .text(code), .text(text.action.rawValue),
            .text(text.signedAt), Parameter(text.promptDigest), Parameter(signature),
        ]
    }

    /// - Parameters:
    ///   - prompt: what was shown, for an answer after a scan.
    ///   - offset: how far the device's clock is off.
    package init(
        _ action: SubmissionAction, _ code: String, of enrollment: Identifier, prompt: String? = nil,
        at offset: Duration = .zero, by keys: KeyPair, _ context: OpenPGPContext
    ) throws {
        let code = try #require(Code(code))
        let time = Timestamp.now().advanced(by: offset)
        self.code = code.text
        text = SubmissionText(
            action: action, transactionID: try #require(code.transaction),
            secretDigest: Array(SHA256.hash(data: code.secret)), enrollmentID: enrollment,
            signedAt: "\(time)".prefix(19) + "Z", promptDigest: prompt.map(SubmissionText.digest))
        signature = try context.sign(text.bytes, with: keys.secretKey)
    }
}
