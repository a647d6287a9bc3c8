import Countersign
import Postgres
import Support

/// A portal with its login, a type and a callback address in the current test's database.
struct ConsolePortal {
    private static let callback = "http://127.0.0.1:9/cb"

    let portalLogin: TestLogin

    /// Not a `Site`: what the console shows of apps is up to each test.
    static func make(_ name: String = "acme") async throws -> ConsolePortal {
        let login = try await Database.current.makeLogin(name, in: .portal)
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.portals (login, name, display_name, signing_secret)
            VALUES ('\(login.name)', '\(name)', '\(name)', '\\x00');
            INSERT INTO countersign.auth_types (name) VALUES ('qr-code') ON CONFLICT DO NOTHING;
            INSERT INTO countersign.auth_type_messages VALUES ('qr-code', 'en', 'Sign in') ON CONFLICT DO NOTHING;
            INSERT INTO countersign.callback_urls (portal_id, url)
            SELECT portal_id, '\(callback)' FROM countersign.portals WHERE name = '\(name)'
            """)
        return ConsolePortal(portalLogin: login)
    }

    func portal() async throws -> Connection { try await Database.current.connect(as: portalLogin) }

    static let insert = Statement(
        "insert",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri)
        VALUES ('qr-code', '\(callback)') RETURNING transaction_id
        """)
    static let awaitOTP = SQL.await_
    static let awaitBriefly = SQL.awaitBriefly
    static let cancel = SQL.cancel
    static let status = Statement(
        "status", "SELECT status::text FROM countersign.auth_results WHERE transaction_id = $1")
}
