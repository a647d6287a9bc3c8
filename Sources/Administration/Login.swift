import Countersign
import Postgres

/// The login of a portal or an app, as adding one leaves it.
package struct Login: Sendable {
    package let name: String
    /// False when it had existed before: then only its membership is new.
    package let isNew: Bool
    /// The generated password of a new login. It is nowhere else: the server has a SCRAM verifier.
    package let password: String?
}

extension Login: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "login \(name)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Login {
    /// How many connections a new login may have at a time unless it is told. Two of them leave room for others on a
    /// server as it comes, which has 97.
    package static let defaultConnections = 20

    /// Creates the login unless it exists, and makes it a member of the group. Part of a transaction.
    static func create(
        _ name: String, in group: GroupRole, withPassword: Bool, password: String? = nil, connections: Int,
        _ connection: inout Connection
    ) async throws -> Login {
        // The server would cut a longer name, and then it would be another one.
        guard (1...63).contains(name.utf8.count), !name.unicodeScalars.contains(where: \.isUnprintable) else {
            throw AdministrationError.refused(
                "a login's name must have 1 to 63 bytes, and no character that cannot be seen or moves others"
            )
        }
        let password = password ?? (withPassword ? makePassword() : nil)
        var verifier: String?
        if let password { verifier = try await connection.encryptPassword(password, user: name) }
        let creation = CreateLogin(
            name: name, group: group, verifier: verifier, connections: Int32(clamping: connections))
        let isNew = try await connection.run(creation).one()
        return Login(name: name, isNew: isNew, password: isNew ? password : nil)
    }

    /// 32 characters of base64url (RFC 4648 section 5): 192 bits, and nothing that a form or an URL escapes.
    static func makePassword() -> String {
        base64URLEncoded(randomBytes(24))
    }
}

/// Whether the login is a new one.
struct CreateLogin: PreparedStatement {
    let name: String
    let group: GroupRole
    /// A SCRAM secret; nil for no password.
    let verifier: String?
    let connections: Int32

    static let statement = Statement(
        "login.create",
        "SELECT countersign.create_login($1, countersign.group_role($2), $3, $4) AS is_new")
    var parameters: [Parameter] {
        [.text(name), .text(group.rawValue), Parameter(verifier), .int32(connections)]
    }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_new") }
}
