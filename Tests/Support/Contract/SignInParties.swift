package import Countersign
package import Postgres

/// All who take part in one sign-in by SQL: a portal that has collected its code, and an app on whose phone a user is
/// enrolled. Needs a worker of `enroll`, `issue` and `validate`.
package struct SignInParties: ~Copyable {
    package var portal: Connection
    package var app: Connection
    package let phone: SQLPhone
    package let transaction: Identifier
    /// Or, of a type whose codes change, what they are made of.
    package let code: String

    /// - Parameter type: what the authentication type asks for, as UPDATE sets it; nil leaves it as it is.
    package static func gather(type: String? = nil, expiresIn: Int = 180) async throws -> SignInParties {
        let site = try await Site.make(expiresIn: expiresIn, signed: true)
        if let type { try await Database.current.arrange("UPDATE countersign.auth_types SET \(type)") }
        var portal = try await site.portal()
        var app = try await site.app()
        let phone = try await SQLPhone.enroll("alice", &app)
        let (transaction, code) = try await portal.issued()
        return SignInParties(portal: portal, app: app, phone: phone, transaction: transaction, code: code)
    }

    package mutating func send(
        _ action: SubmissionAction, _ code: String, prompt: String? = nil
    ) async throws -> (result: String, reason: String?, prompt: String?) {
        try await phone.send(action, code, prompt: prompt, &app)
    }
}
