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
        let site = try await Site.make(
            name, type: "otp", callback: callback, expiresIn: expiresIn, signed: true)
        var owner = try await Database.current.connect()
        try await owner.execute(
            "INSERT INTO countersign.auth_types (name) VALUES ('bare') ON CONFLICT DO NOTHING")
        let credential = NewPortalCredential(clientID: "\(name)-web", secret: Identifier.random().description)
        try await owner.run(
            insert,
            [
                .int32(site.portalID), .text(credential.clientID),
                .text(SecretDigest(of: credential.secret).text),
            ])
        return GatewaySite(
            portal: name, login: site.portalLogin, app: "\(name)-app", credential: credential,
            gateway: try await Database.current.makeLogin("\(name)gateway", in: .gateway))
    }

    private static let insert = Statement(
        "credential",
        "INSERT INTO countersign.portal_credentials (portal_id, client_id, secret_hash) VALUES ($1, $2, $3)")
}
