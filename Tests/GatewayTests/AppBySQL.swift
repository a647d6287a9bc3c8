import Countersign
import Engine
import OpenPGP
import Postgres
import Support
import Testing

/// A device of an app that speaks SQL.
struct SQLPhone: Sendable {
    let enrollment: Identifier
    let keys: KeyPair
    private let context: OpenPGPContext

    /// Enrolls as an app that can speak SQL does, and waits until it counts.
    @discardableResult
    static func enroll(_ site: Site, _ user: String, _ device: String) async throws -> SQLPhone {
        let context = try OpenPGPContext(capacity: 1)
        let keys = try context.generateKeyPair(userID: "phone")
        var app = try await site.connectAsApp()
        let id = try await app.run(enroll, [.text(user), .text(device), .text(keys.publicKey)])[0]
            .identifier(0)
        var owner = try await Database.current.connect()
        try await eventually("enrolled") {
            try await owner.run(status, [.identifier(id)])[0].text(0) == "active"
        }
        return SQLPhone(enrollment: id, keys: keys, context: context)
    }

    /// Answers without a scan before, and waits for the verdict.
    func answer(_ site: Site, _ otp: String, _ action: SubmissionAction) async throws -> String {
        let signed = try SignedSubmission(action, otp, of: enrollment, by: keys, context)
        var app = try await site.connectAsApp()
        let id = try await app.run(Self.submit, signed.parameters)[0].identifier(0)
        return try await app.run(Self.wait, [.identifier(id)])[0].text(0)
    }

    private static let enroll = Statement(
        "enroll",
        """
        INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ($1, $2, $3)
        RETURNING enrollment_id
        """)
    private static let status = Statement(
        "status", "SELECT status FROM countersign.enrollments WHERE enrollment_id = $1")
    private static let submit = Statement(
        "submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING submission_id
        """)
    private static let wait = Statement(
        "wait", "SELECT result FROM countersign.await_submission($1, '10 s')")
}

extension Site {
    /// The gateway's login, which speaks for the app.
    fileprivate func connectAsApp() async throws -> Connection {
        var connection = try await Database.current.connect(as: gateway)
        let name = Statement("app", "SELECT set_config('countersign.app', $1, false)")
        try await connection.run(name, [.text(app)])
        return connection
    }
}

/// Answers by SQL as alice's phone.
func answerByApp(_ site: Site, _ otp: String, _ action: SubmissionAction) async throws {
    let phone = try await SQLPhone.enroll(site, "alice", "phone")
    let result = try await phone.answer(site, otp, action)
    try #require(result == "accepted")
}
