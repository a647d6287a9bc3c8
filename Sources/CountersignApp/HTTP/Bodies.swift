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

struct EnrolledList: Decodable {
    let enrollments: [Listed]

    struct Listed: Decodable {
        let enrollment_id: String
        let device_id: String
        let device_name: String?
        let platform: String?
        let status: String
        let reason: String?
        let held_until: String?
        let confirmation: String?

        /// Nil where the id is none.
        var device: EnrolledDevice? {
            guard let id = UUID(uuidString: enrollment_id) else { return nil }
            return EnrolledDevice(
                id: id, deviceID: device_id, name: device_name, platform: platform, status: status,
                reason: reason,
                // To the second: how many digits of a fraction are read differs between systems.
                heldUntil: held_until.flatMap { try? Date("\($0.prefix(19))Z", strategy: .iso8601) },
                confirmation: confirmation.flatMap { try? Code($0) })
        }
    }
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
