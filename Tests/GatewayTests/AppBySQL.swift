import Countersign
import Engine
import Postgres
import Support
import Testing

extension GatewaySite {
    /// The gateway's login, which speaks for the app.
    func connectAsApp() async throws -> Connection {
        var connection = try await Database.current.connect(as: gateway)
        let name = Statement("app", "SELECT set_config('countersign.app', $1, false)")
        try await connection.run(name, [.text(app)])
        return connection
    }
}

/// Answers by SQL as alice's phone.
func answerByApp(_ site: GatewaySite, _ otp: String, _ action: SubmissionAction) async throws {
    var app = try await site.connectAsApp()
    let phone = try await SQLPhone.enroll("alice", &app)
    let result = try await phone.send(action, otp, &app).result
    try #require(result == "accepted")
}
