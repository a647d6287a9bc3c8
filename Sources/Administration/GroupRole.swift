package import Postgres

/// The roles of the database that logins are members of.
package enum GroupRole: String, Sendable, CaseIterable {
    case portal, app, gateway, worker, monitor, admin

    /// As the first installation on a server, and the files of the schema, call it.
    package var name: String { name(in: .first) }

    package func name(in installation: Installation) -> String { installation.prefix + rawValue }

    /// Whether the session's login is a member, as the schema's functions ask it.
    package func isHeld(in installation: Installation, _ connection: inout Connection) async throws -> Bool {
        try await connection.run(IsMember(group: name(in: installation))).one()
    }
}

struct IsMember: PreparedStatement {
    let group: String

    static let statement = Statement(
        "group.is_member", "SELECT pg_has_role(session_user, $1::name, 'MEMBER') AS is_member")
    var parameters: [Parameter] { [.text(group)] }
    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_member") }
}
