import Countersign
import Postgres

/// Rows inserted with the app's own login.
final class SQLTransport: PhoneTransport {
    private static let patience = Duration.seconds(10)
    private var connection: Connection

    init(_ options: ConnectionOptions) async throws {
        connection = try await Connection.open(options)
    }

    func enroll(_ device: PhoneDevice, publicKey: String) async throws -> PhoneEnrollment {
        let channel = try await connection.run(Self.channel)[0].optionalText(0)
        guard let channel else { throw Failure(.permission, "this login belongs to no app") }
        try await connection.listen(to: [channel])
        let id = try await connection.run(
            Self.enroll,
            [.text(device.userID), .text(device.deviceID), Parameter(device.name), .text(publicKey)])[0]
            .identifier(0)
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let row = try await connection.run(Self.enrollment, [.identifier(id)])[0]
            let status = try row.text(0)
            guard status == "pending" else {
                return PhoneEnrollment(
                    id: id, status: status, reason: try row.optionalText(1),
                    serverPublicKey: try row.optionalText(2))
            }
            guard ContinuousClock.now < deadline else { throw Self.nobodyWorks("enroll") }
            _ = try await connection.notifications(until: min(deadline, .now + .seconds(1)))
        }
    }

    func submit(_ submission: PhoneSubmission) async throws -> PhoneAnswer {
        let text = submission.text
        let id = try await connection.run(
            Self.submit,
            [
                .text(text.enrollmentID.description), .text(submission.code), .text(text.action.rawValue),
                .text(text.signedAt), .text(text.promptDigest ?? SubmissionText.noPrompt),
                .text(submission.signature),
            ])[0].identifier(0)
        let row = try await connection.run(Self.answer, [.identifier(id)])[0]
        guard try row.text(0) != "pending" else { throw Self.nobodyWorks("validate") }
        return PhoneAnswer(
            result: try row.text(0), reason: try row.optionalText(1), prompt: try row.optionalText(2))
    }

    private static func nobodyWorks(_ stage: String) -> Failure {
        Failure(
            .temporary, "no answer within 10 s: is there a `countersign work` that runs the stage \(stage)?")
    }

    private static let channel = Statement("phone.channel", "SELECT countersign.app_channel()")
    private static let enroll = Statement(
        "phone.enroll",
        """
        INSERT INTO countersign.enrollments (user_id, device_id, device_name, platform, public_key)
        VALUES ($1, $2, $3, 'terminal', $4) RETURNING enrollment_id
        """)
    private static let enrollment = Statement(
        "phone.enrollment",
        "SELECT status, reason, server_public_key FROM countersign.enrollment_results WHERE enrollment_id = $1"
    )
    private static let submit = Statement(
        "phone.submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING submission_id
        """)
    private static let answer = Statement(
        "phone.answer", "SELECT result, reason, prompt FROM countersign.await_submission($1, '10 s')")
}
