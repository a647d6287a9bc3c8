import Postgres

extension Login {
    /// Gives a portal's or an app's login a new password, which is nowhere else, and returns it.
    static func renewPassword(of name: String, _ connection: inout Connection) async throws -> String {
        let password = makePassword()
        let verifier = try await connection.encryptPassword(password, user: name)
        try await connection.run(SetLoginPassword(name: name, verifier: verifier))
        return password
    }
}

struct SetLoginPassword: PreparedStatement {
    let name: String
    /// A SCRAM secret.
    let verifier: String

    static let statement = Statement("login.set_password", "SELECT countersign.set_login_password($1, $2)")
    var parameters: [Parameter] { [.text(name), .text(verifier)] }
}
