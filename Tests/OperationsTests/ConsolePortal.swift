import Countersign
import Postgres
import Support

/// A portal with its login, a type and a callback address in the current test's database.
struct ConsolePortal {
    private static let callback = "http://127.0.0.1:9/cb"

    let portalLogin: TestLogin

    /// Not a `Site`: what the console shows of apps is up to each test.
    /// - Parameter sealer: with what the secret of its webhooks is sealed; nil where none is sent.
    static func make(_ name: String = "acme", _ sealer: Sealer? = nil) async throws -> ConsolePortal {
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
        if let sealer {
            let id = try await owner.run(find, [.text(name)])[0].int(0)
            let sealed = try sealer.seal(
                [UInt8](repeating: 1, count: 32), at: SealedColumn.signingSecret.place(id))
            try await owner.run(setSecret, [.int32(Int32(id)), .bytes(sealed)])
        }
        return ConsolePortal(portalLogin: login)
    }

    func portal() async throws -> Connection { try await Database.current.connect(as: portalLogin) }

    private static let find = Statement(
        "find", "SELECT portal_id FROM countersign.portals WHERE name = $1")
    private static let setSecret = Statement(
        "set secret", "UPDATE countersign.portals SET signing_secret = $2 WHERE portal_id = $1")

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
