package import Postgres

/// A mobile app's back end, which vouches for who its users are.
package struct App: Sendable, Hashable {
    package let id: Int
    package let name: String
    package let login: String
    package let isEnabled: Bool
    package let createdAt: Timestamp
}

extension App {
    package static func list(_ connection: inout Connection) async throws -> [App] {
        try await connection.run(listing).map(App.init)
    }

    /// Adds an app and its login, both or neither. A login that must be created gets a generated password if
    /// `withPassword`.
    package static func add(
        _ name: String, login: String, withPassword: Bool = true, _ connection: inout Connection
    ) async throws -> Login {
        try await connection.transaction { connection in
            try await NamedThing.app.refuseTaken(name, &connection)
            let login = try await Login.create(login, in: .app, withPassword: withPassword, &connection)
            try await connection.run(insertion, [.text(name), .text(login.name)])
            return login
        }
    }

    private init(_ row: Row) throws(DecodingFailure) {
        id = try row.int(0)
        name = try row.text(1)
        login = try row.text(2)
        isEnabled = try row.bool(3)
        createdAt = try row.timestamp(4)
    }
}

extension App {
    package static let listing = Statement(
        "app.list", "SELECT app_id, name, login, enabled, created_at FROM countersign.apps ORDER BY name")

    /// $1 name, $2 login.
    package static let insertion = Statement(
        "app.insert", "INSERT INTO countersign.apps (name, login) VALUES ($1, $2)")
}
