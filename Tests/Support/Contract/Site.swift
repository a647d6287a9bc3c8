package import Postgres

/// A portal, an app, a type and a callback address, with logins of their own, in the current test's database.
package struct Site: Sendable {
    package static let callback = "https://acme.example/cb"

    package let portalLogin: TestLogin
    package let appLogin: TestLogin
    package let portalID: Int32
    package let appID: Int32

    /// `signed`: whether `signature_required` is on. Most of the contract is the same without, and quicker to test.
    package static func make(
        _ name: String = "acme", type: String = "qr-code", callback: String = Site.callback,
        expiresIn: Int = 180,
        signed: Bool = false
    ) async throws -> Site {
        let database = Database.current
        let portal = try await database.makeLogin(name, in: .portal)
        let app = try await database.makeLogin("\(name)app", in: .app)
        var owner = try await database.connect()
        let ids = try await owner.run(
            insert,
            [
                .text(portal.name), .text(name), .text(app.name), .text("\(name)-app"),
                .int32(Int32(expiresIn)), .text(callback), .bool(signed), .text(type),
            ])
        return Site(
            portalLogin: portal, appLogin: app, portalID: Int32(try ids[0].int(0)),
            appID: Int32(try ids[0].int(1)))
    }

    private static let insert = Statement(
        "site",
        """
        WITH portal AS (
            INSERT INTO countersign.portals (login, name, display_name, signing_secret)
            VALUES ($1, $2, upper($2), '\\x00') RETURNING portal_id
        ), app AS (
            INSERT INTO countersign.apps (login, name) VALUES ($3, $4) RETURNING app_id
        ), kind AS (
            INSERT INTO countersign.auth_types (name, request_expires_in) VALUES ($8, $5)
            ON CONFLICT DO NOTHING
        ), message AS (
            INSERT INTO countersign.auth_type_messages VALUES ($8, 'en', 'Sign in') ON CONFLICT DO NOTHING
        ), callback AS (
            INSERT INTO countersign.callback_urls (portal_id, url) SELECT portal_id, $6 FROM portal
        ), signatures AS (
            UPDATE countersign.settings SET signature_required = $7
        )
        SELECT portal_id, app_id FROM portal, app
        """)

    package func portal() async throws -> Connection { try await Database.current.connect(as: portalLogin) }
    package func app() async throws -> Connection { try await Database.current.connect(as: appLogin) }

    /// That many requests, in state `requested`.
    package func load(_ count: Int) async throws {
        var owner = try await Database.current.connect()
        try await owner.run(
            Statement(
                "load",
                """
                INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
                SELECT $1, 'qr-code', 'https://acme.example/cb' FROM generate_series(1, $2::integer)
                """), [.int32(portalID), .int32(Int32(count))])
    }
}
