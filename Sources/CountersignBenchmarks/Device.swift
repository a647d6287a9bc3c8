import Countersign
import Crypto
import Foundation
import OpenPGP
import Postgres

/// What an app submits.
struct Submission: Sendable, Encodable {
    let enrollment: String
    let code: String
    let action: SubmissionAction
    var signedAt: String?
    var promptDigest: String?
    var signature: String?

    private enum CodingKeys: String, CodingKey {
        case enrollment = "enrollment_id"
        case code = "otp"
        case action
        case signedAt = "signed_at"
        case promptDigest = "prompt_digest"
        case signature
    }
}

extension SubmissionAction: Encodable {}

/// A phone. Without keys it sends what an app may send where signatures are not required.
struct Device: Sendable {
    struct Signer: Sendable {
        let context: OpenPGPContext
        let keys: KeyPair

        init() throws {
            context = try OpenPGPContext()
            keys = try context.generateKeyPair(userID: "bench device")
        }
    }

    let enrollment: Identifier
    let signer: Signer?

    /// `prompt` is what a scan before has returned.
    func submission(_ action: SubmissionAction, _ code: String, prompt: String?) throws -> Submission {
        var submission = Submission(enrollment: enrollment.description, code: code, action: action)
        guard let signer else { return submission }
        let bytes = try Self.bytes(of: code)
        guard let transactionID = Identifier(bytes: bytes.prefix(16)) else {
            throw BenchError("a code is too short")
        }
        let text = SubmissionText(
            action: action, transactionID: transactionID,
            secretDigest: Array(SHA256.hash(data: bytes.dropFirst(16))), enrollmentID: enrollment,
            signedAt: String(Timestamp.now().description.prefix(19)) + "Z",
            promptDigest: prompt.map(SubmissionText.digest))
        submission.signedAt = text.signedAt
        submission.promptDigest = text.promptDigest
        submission.signature = try signer.context.sign(text.bytes, with: signer.keys.secretKey)
        return submission
    }

    /// The 16 bytes of the request's id and the secret.
    private static func bytes(of code: String) throws -> [UInt8] {
        guard let bytes = base64URLDecoded(code.utf8) else { throw BenchError("a code is no base64url") }
        return bytes
    }
}
