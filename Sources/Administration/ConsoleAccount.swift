import Countersign
package import Postgres

/// An operator's account of the console: a row of `operators`. It has nothing to do with logins of the database.
package struct ConsoleAccount: Sendable, Hashable {
    package let name: String
    /// May change things; otherwise it only looks.
    package let isAdmin: Bool
    package let createdAt: Timestamp

    package static func list(_ connection: inout Connection) async throws -> [ConsoleAccount] {
        try await connection.run(listing).map { row in
            ConsoleAccount(name: try row.text(0), isAdmin: try row.bool(1), createdAt: try row.timestamp(2))
        }
    }

    /// Returns the generated password, which is stored only as a slow hash.
    package static func add(
        _ name: String, isAdmin: Bool, _ connection: inout Connection
    ) async throws -> String {
        let password = Login.makePassword()
        try await connection.run(
            insertion, [.text(name), .bool(isAdmin), .text(try SecretHash(of: password).text)])
        return password
    }

    /// Its sessions end at once.
    package static func remove(_ name: String, _ connection: inout Connection) async throws {
        guard try await connection.run(removal, [.text(name)]).affected > 0 else {
            throw AdministrationError.refused("there is no operator \(name)")
        }
    }
}

extension ConsoleAccount {
    package static let listing = Statement(
        "operator.list", "SELECT name, is_admin, created_at FROM countersign.operators ORDER BY name")

    package static let insertion = Statement(
        "operator.insert",
        "INSERT INTO countersign.operators (name, is_admin, password_hash) VALUES ($1, $2, $3)")

    package static let removal = Statement(
        "operator.remove", "DELETE FROM countersign.operators WHERE name = $1")

    package static let reading = Statement(
        "operator.read", "SELECT password_hash FROM countersign.operators WHERE name = $1")

    /// $1 digest, $2 name, $3 length. Sessions that are over go.
    package static let beginning = Statement(
        "operator.begin_session",
        """
        WITH gone AS (
            DELETE FROM countersign.operator_sessions WHERE expires_at <= clock_timestamp()
        )
        INSERT INTO countersign.operator_sessions (token_digest, operator, expires_at)
        VALUES ($1, $2, clock_timestamp() + $3::interval)
        """)

    package static let finding = Statement(
        "operator.find_session",
        """
        SELECT o.name, o.is_admin FROM countersign.operator_sessions s JOIN countersign.operators o
            ON o.name = s.operator WHERE s.token_digest = $1 AND s.expires_at > clock_timestamp()
        """)

    package static let ending = Statement(
        "operator.end_session", "DELETE FROM countersign.operator_sessions WHERE token_digest = $1")

    package static var all: [Statement] {
        [listing, insertion, removal, reading, beginning, finding, ending]
    }
}
