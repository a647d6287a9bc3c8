package import Postgres

/// One of the installations on a server. Each has its own database, and groups of its own: roles belong to the server.
package struct Installation: Sendable, Hashable {
    /// What its groups' names begin with: `countersign_`, or `countersign_NAME_`.
    package let prefix: String

    /// The one whose groups are called as in the files.
    package static let first = Installation(prefix: "countersign_")

    private init(prefix: String) { self.prefix = prefix }

    /// Throws `AdministrationError` when groups cannot be called so.
    package init(named name: String) throws {
        let isFine = name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) }
        guard isFine, (1...32).contains(name.utf8.count) else {
            throw AdministrationError.refused("an installation's name must be 1 to 32 of a-z and 0-9")
        }
        prefix = "countersign_\(name)_"
    }

    /// The groups, by their names in the files of the schema.
    package var words: [String: String] {
        guard self != .first else { return [:] }
        return Dictionary(uniqueKeysWithValues: GroupRole.allCases.map { ($0.name, $0.name(in: self)) })
    }

    package var groups: [String] { GroupRole.allCases.map { $0.name(in: self) } }
}

extension Installation {
    /// That of a migrated database, for any login that may connect; the first one of a database that names none.
    package static func read(_ connection: inout Connection) async throws -> Installation {
        try await recorded(&connection) ?? .first
    }

    /// Nil before the first migration.
    package static func recorded(_ connection: inout Connection) async throws -> Installation? {
        try await connection.run(ReadInstallation()).one().map(Installation.init(prefix:))
    }

    /// Other databases of the server in which its groups have rights.
    package func otherDatabases(_ connection: inout Connection) async throws -> [String] {
        try await connection.run(FindOtherDatabases(groups: groups)).all()
    }

    /// Makes the migrator run the current files again, with other names of the groups. The owner's.
    package static func forgetFiles(_ connection: inout Connection) async throws {
        try await connection.run(ForgetCurrentFiles())
    }

    /// Moves the logins of portals and apps from the groups that this installation had before into its own.
    package func takeLogins(from other: Installation, _ connection: inout Connection) async throws {
        for login in try await connection.run(ListLogins()).all() {
            let name = quotedIdentifier(login.name)
            try await connection.execute(
                """
                GRANT \(quotedIdentifier(prefix + login.kind)) TO \(name);
                REVOKE \(quotedIdentifier(other.prefix + login.kind)) FROM \(name)
                """)
        }
    }
}

/// From the text of `group_role()`, which anybody may read.
struct ReadInstallation: PreparedStatement {
    static let statement = Statement(
        "installation.read",
        """
        SELECT (SELECT substring(p.prosrc FROM '''(countersign_(?:[a-z0-9]+_)?)portal''')
                FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                WHERE n.nspname = 'countersign' AND p.proname = 'group_role') AS prefix
        """)

    static func decode(_ row: inout RowReader) throws -> String? { try row.optionalText("prefix") }
}

/// A role belongs to the server: in which databases it has rights, pg_shdepend tells.
struct FindOtherDatabases: PreparedStatement {
    let groups: [String]

    static let statement = Statement(
        "installation.find_others",
        """
        SELECT DISTINCT d.datname::text AS name FROM pg_catalog.pg_shdepend s
        JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid AND s.refclassid = 'pg_catalog.pg_authid'::regclass
        JOIN pg_catalog.pg_database d
            ON d.oid = s.dbid OR s.classid = 'pg_catalog.pg_database'::regclass AND d.oid = s.objid
        WHERE r.rolname = ANY ($1) AND d.datname <> current_database() ORDER BY 1
        """)

    var parameters: [Parameter] { [.texts(groups)] }
    static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}

struct ForgetCurrentFiles: PreparedStatement {
    static let statement = Statement(
        "installation.forget_files", "UPDATE countersign.schema_current SET checksum = ''")
}

/// Those of portals and apps that the server has.
struct ListLogins: PreparedStatement {
    static let statement = Statement(
        "installation.list_logins",
        """
        SELECT login::text AS name, kind
        FROM (SELECT login, 'portal' AS kind FROM countersign.portals
              UNION ALL SELECT login, 'app' FROM countersign.apps) AS l
        WHERE to_regrole(quote_ident(login)) IS NOT NULL
        """)

    static func decode(_ row: inout RowReader) throws -> (name: String, kind: String) {
        (try row.text("name"), try row.text("kind"))
    }
}
