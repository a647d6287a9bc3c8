import Administration
import Countersign
import Postgres
import Support
import Testing

/// A portal, an app, a type and a callback address in the current test's database, and a login of the gateway.
struct GatewaySite {
    static let callback = "https://www.myportal.com/callback"

    let portal: String
    /// Of the portal, for SQL.
    let login: TestLogin
    let app: String
    /// Of the portal, for HTTP.
    let credential: NewPortalCredential
    let gateway: TestLogin

    var basic: String { "Basic " + base64("\(credential.clientID):\(credential.secret)") }

    static func make(_ name: String = "acme", expiresIn: Int = 180) async throws -> GatewaySite {
        let database = Database.current
        let portal = try await database.makeLogin(name, in: .portal)
        let app = try await database.makeLogin("\(name)app", in: .app)
        var owner = try await database.connect()
        try await owner.run(
            insert,
            [
                .text(portal.name), .text(name), .text(app.name), .text("\(name)-app"),
                .int32(Int32(expiresIn)), .text(callback),
            ])
        let credential = NewPortalCredential(clientID: "\(name)-web", secret: Identifier.random().description)
        let id = try await owner.run(Portal.numberOf, [.text(name)])[0].int(0)
        try await owner.run(
            PortalCredential.insertion,
            [
                .int32(Int32(id)), .text(credential.clientID),
                .text(SecretDigest(of: credential.secret).text), .int(1),
            ])
        return GatewaySite(
            portal: name, login: portal, app: "\(name)-app", credential: credential,
            gateway: try await database.makeLogin("\(name)gateway", in: .gateway))
    }

    private static let insert = Statement(
        "site",
        """
        WITH portal AS (
            INSERT INTO countersign.portals (login, name, display_name, signing_secret)
            VALUES ($1, $2, upper($2), '\\x00') RETURNING portal_id
        ), app AS (
            INSERT INTO countersign.apps (login, name) VALUES ($3, $4)
        ), kind AS (
            INSERT INTO countersign.auth_types (name, request_expires_in) VALUES ('otp', $5)
            ON CONFLICT DO NOTHING
        ), bare AS (
            INSERT INTO countersign.auth_types (name) VALUES ('bare') ON CONFLICT DO NOTHING
        ), message AS (
            INSERT INTO countersign.auth_type_messages VALUES ('otp', 'en', 'Sign in') ON CONFLICT DO NOTHING
        )
        INSERT INTO countersign.callback_urls (portal_id, url) SELECT portal_id, $6 FROM portal
        """)
}

extension Database {
    /// Ends an open request as if its time had passed.
    func makeDue(_ transaction: String) async throws {
        try await makeDue(try #require(Identifier(transaction)))
    }
}
