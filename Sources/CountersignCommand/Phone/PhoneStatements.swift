import CountersignApp
import Foundation
import Postgres

/// Where the app is told of its enrollments; nil when the login belongs to no app.
struct ReadChannel: PreparedStatement {
    static let statement = Statement("phone.channel", "SELECT countersign.app_channel()")

    static func decode(_ row: inout RowReader) throws -> String? { try row.optionalText("app_channel") }
}

/// Enrolls the phone, and returns the enrollment's id.
struct EnrollPhone: PreparedStatement {
    let device: PhoneDevice
    let publicKey: String

    static let statement = Statement(
        "phone.enroll",
        """
        INSERT INTO countersign.enrollments (user_id, device_id, device_name, platform, public_key)
        VALUES ($1, $2, $3, 'terminal', $4) RETURNING enrollment_id
        """)

    var parameters: [Parameter] {
        [.text(device.userID), .text(device.deviceID), Parameter(device.name), .text(publicKey)]
    }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("enrollment_id") }
}

/// What has become of an enrollment.
struct PhoneEnrollment {
    let status: String
    let reason: String?
    let serverPublicKey: String?
}

/// What has become of a submission.
struct PhoneAnswer {
    let result: String
    let reason: String?
    let prompt: String?
    let returnAddress: String?
}

/// What became of an enrollment.
struct ReadEnrollment: PreparedStatement {
    let id: Identifier

    static let statement = Statement(
        "phone.enrollment",
        "SELECT status, reason, server_public_key FROM countersign.enrollment_results WHERE enrollment_id = $1"
    )

    var parameters: [Parameter] { [.identifier(id)] }

    static func decode(_ row: inout RowReader) throws -> PhoneEnrollment {
        PhoneEnrollment(
            status: try row.text("status"), reason: try row.optionalText("reason"),
            serverPublicKey: try row.optionalText("server_public_key"))
    }
}

/// The devices of one user of the app, newest first.
struct ListOwnDevices: PreparedStatement {
    let user: String

    static let statement = Statement(
        "phone.devices",
        """
        SELECT enrollment_id, device_id, device_name, platform, status, reason, held_until, confirmation
        FROM countersign.enrollment_results WHERE user_id = $1 ORDER BY enrollment_id DESC LIMIT 100
        """)

    var parameters: [Parameter] { [.text(user)] }

    static func decode(_ row: inout RowReader) throws -> EnrolledDevice {
        let id = try row.identifier("enrollment_id")
        guard let id = UUID(uuidString: id.description) else {
            throw Failure(.internal, "an enrollment has no id")
        }
        return EnrolledDevice(
            id: id, deviceID: try row.text("device_id"), name: try row.optionalText("device_name"),
            platform: try row.optionalText("platform"), status: try row.text("status"),
            reason: try row.optionalText("reason"),
            heldUntil: try row.optionalTimestamp("held_until").map { Date($0) },
            confirmation: try row.optionalText("confirmation").map { try Code($0) })
    }
}

extension Date {
    fileprivate init(_ time: Timestamp) {
        self.init(timeIntervalSince1970: Double(time.microseconds) / 1_000_000)
    }
}

/// Submits an answer, and returns the submission's id.
struct SubmitAnswer: PreparedStatement {
    let submission: Submission

    static let statement = Statement(
        "phone.submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature,
                                             deny_reason, channel)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING submission_id
        """)

    var parameters: [Parameter] {
        [
            .text(submission.enrollmentID.uuidString.lowercased()), .text(submission.otp),
            .text(submission.action.rawValue), .text(submission.signedAt), .text(submission.promptDigest),
            .text(submission.signature), Parameter(submission.denyReason),
            Parameter(submission.channel),
        ]
    }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("submission_id") }
}

/// Waits up to ten seconds for the verdict.
struct AwaitAnswer: PreparedStatement {
    let submission: Identifier

    static let statement = Statement(
        "phone.answer",
        "SELECT result, reason, prompt, return_uri FROM countersign.await_submission($1, '10 s')"
    )

    var parameters: [Parameter] { [.identifier(submission)] }

    static func decode(_ row: inout RowReader) throws -> PhoneAnswer {
        PhoneAnswer(
            result: try row.text("result"), reason: try row.optionalText("reason"),
            prompt: try row.optionalText("prompt"), returnAddress: try row.optionalText("return_uri"))
    }
}
