import Foundation

/// The JSON of the API for apps, by the names of its columns.
struct EnrollBody: Encodable {
    let user_id: String
    let device_id: String
    let device_name: String?
    let platform: String?
    let public_key: String
}

struct Enrolled: Decodable {
    let enrollment_id: String
    let status: String
    let reason: String?
    let server_public_key: String?
}

struct SubmissionBody: Encodable {
    let enrollment_id: String
    let otp: String
    let action: String
    let signed_at: String
    let prompt_digest: String
    let signature: String
    let deny_reason: String?
    let channel: String?

    init(_ submission: Submission) {
        enrollment_id = submission.enrollmentID.uuidString.lowercased()
        otp = submission.otp
        action = submission.action.rawValue
        signed_at = submission.signedAt
        prompt_digest = submission.promptDigest
        signature = submission.signature
        deny_reason = submission.denyReason
        channel = submission.channel
    }
}

struct Outcome: Decodable {
    let result: String
    let prompt: String?
    let return_uri: String?
}
