import Postgres

/// Nil when there is no such app.
struct FindAppChannel: PreparedStatement {
    static let statement = Statement(
        "gateway.app_channel", "SELECT countersign.app_channel() AS channel")
    static func decode(_ row: inout RowReader) throws -> String? { try row.optionalText("channel") }
}

struct EnrollDevice: PreparedStatement {
    let draft: Devices.Draft
    let user: String

    static let statement = Statement(
        "gateway.enroll",
        """
        INSERT INTO countersign.enrollments (user_id, device_id, device_name, platform, public_key)
        VALUES ($1, $2, $3, $4, $5) RETURNING enrollment_id
        """)
    var parameters: [Parameter] {
        [user, draft.device_id, draft.device_name, draft.platform, draft.public_key].map { Parameter($0) }
    }
    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("enrollment_id") }
}

struct ListEnrollments: PreparedStatement {
    let user: String

    static let statement = Statement(
        "gateway.enrollments",
        """
        SELECT enrollment_id, device_id, device_name, platform, status, reason, server_public_key, created_at,
               held_until, confirmation
        FROM countersign.own_enrollments($1)
        """)
    var parameters: [Parameter] { [.text(user)] }
    static func decode(_ row: inout RowReader) throws -> Devices.Enrollment {
        Devices.Enrollment(
            enrollment_id: try row.identifier("enrollment_id").description,
            device_id: try row.text("device_id"), device_name: try row.optionalText("device_name"),
            platform: try row.optionalText("platform"), status: try row.text("status"),
            reason: try row.optionalText("reason"),
            server_public_key: try row.optionalText("server_public_key"),
            created_at: try row.timestamp("created_at").description,
            held_until: try row.optionalTimestamp("held_until")?.description,
            confirmation: try row.optionalText("confirmation"))
    }
}

/// False when it is none of the user's.
struct RevokeEnrollment: PreparedStatement {
    let id: Identifier
    let user: String

    static let statement = Statement(
        "gateway.revoke", "SELECT countersign.revoke_own_enrollment($1, $2) AS is_revoked")
    var parameters: [Parameter] { [.identifier(id), .text(user)] }
    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_revoked") }
}

/// No row when the enrollment is not the user's.
struct SubmitAnswer: PreparedStatement {
    let call: Devices.UserAnswer

    static let statement = Statement(
        "gateway.submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature,
                                             deny_reason, ip_address, user_agent, channel)
        SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::text, $10::text
        WHERE EXISTS (SELECT FROM countersign.enrollment_results e WHERE e.enrollment_id = $11 AND e.user_id = $12)
        RETURNING submission_id
        """)
    var parameters: [Parameter] {
        let answer = call.answer
        let given = [
            answer.enrollment_id, answer.otp, answer.action, answer.signed_at, answer.prompt_digest,
            answer.signature, answer.deny_reason, call.device.address, call.device.agent,
            answer.channel,
        ]
        return given.map { Parameter($0) } + [.identifier(call.enrollment), .text(call.user)]
    }
    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("submission_id") }
}

/// What the device was shown when it gave the same answer and that was accepted; no row when it was not.
struct FindRepeatedSubmission: PreparedStatement {
    let enrollment: Identifier
    let transaction: Identifier
    /// Of the code: the code itself does not go to the database.
    let digest: [UInt8]
    let action: String
    let signature: String?

    static let statement = Statement(
        "gateway.repeated",
        "SELECT prompt, return_uri FROM countersign.repeated_submission($1, $2, $3, $4, $5)")
    var parameters: [Parameter] {
        [
            .identifier(enrollment), .identifier(transaction), .bytes(digest), .text(action),
            Parameter(signature),
        ]
    }
    static func decode(_ row: inout RowReader) throws -> (prompt: String?, returnURI: String?) {
        (try row.optionalText("prompt"), try row.optionalText("return_uri"))
    }
}
