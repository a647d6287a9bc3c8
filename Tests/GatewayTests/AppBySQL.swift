import Postgres
import Support
import Testing

/// Enrolls by SQL, as an app that can speak it does, and waits until it counts.
@discardableResult
func enroll(_ site: Site, _ user: String, _ device: String) async throws -> Identifier {
    var app = try await Database.current.connect(as: site.gateway)
    let id = try await app.transaction { connection in
        try await connection.run(
            Statement("app", "SELECT set_config('countersign.app', $1, true)"), [.text(site.app)])
        return try await connection.run(
            Statement(
                "enroll",
                "INSERT INTO countersign.enrollments (user_id, device_id) VALUES ($1, $2) RETURNING enrollment_id"
            ),
            [.text(user), .text(device)])[0].identifier(0)
    }
    var owner = try await Database.current.connect()
    let status = Statement("status", "SELECT status FROM countersign.enrollments WHERE enrollment_id = $1")
    try await eventually("enrolled") {
        try await owner.run(status, [.identifier(id)])[0].text(0) == "active"
    }
    return id
}

/// Answers by SQL as alice's phone, and waits for the verdict.
func answerByApp(_ site: Site, _ otp: String, _ action: String) async throws {
    let enrollment = try await enroll(site, "alice", "phone")
    var app = try await Database.current.connect(as: site.gateway)
    let name = Statement("app", "SELECT set_config('countersign.app', $1, false)")
    try await app.run(name, [.text(site.app)])
    let submit = Statement(
        "submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action) VALUES ($1::uuid, $2, $3)
        RETURNING submission_id
        """)
    let id = try await app.run(submit, [.identifier(enrollment), .text(otp), .text(action)])[0].identifier(0)
    let wait = Statement("wait", "SELECT result FROM countersign.await_submission($1, '10 s')")
    _ = try await app.run(wait, [.identifier(id)])
}
