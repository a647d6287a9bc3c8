package import Postgres

/// Makes what other cells follow. The owner's.
package enum HomePublication {
    /// False when that was done before.
    package static func make(_ connection: inout Connection) async throws -> Bool {
        let offer = try await HomeOffer.read(&connection)
        guard offer.walLevel == "logical" else {
            throw AdministrationError.refused(
                "this server has wal_level = \(offer.walLevel): set it to logical, and restart it")
        }
        guard !offer.isPublished else { return false }
        try await connection.execute("SELECT FROM countersign.publish_home()")
        return true
    }

    /// What a cell that follows reads: what is published, and which schema it is.
    private static let tables = ["home_heartbeat", "server_keys", "apps", "enrollments", "schema_migrations"]

    /// Whether a privilege `x` of a role `g` on an object of `acl` is one of those that `grant` gives, where others follow.
    static let isReading = """
        g.rolreplication AND g.rolbypassrls AND x.privilege_type IN ('SELECT', 'USAGE')
        AND acl.object IN (\((["schema"] + tables).map(quotedLiteral).joined(separator: ", ")))
        AND EXISTS (SELECT FROM pg_publication p WHERE p.pubname = 'countersign_home')
        """

    /// Throws `AdministrationError` where a login must not read what is published: the sealed keys of servers are
    /// among it.
    package static func check(_ login: String, _ connection: inout Connection) async throws {
        guard let found = try await connection.run(ReadFollowerLogin(login: login)).first() else {
            throw AdministrationError.refused(
                "this server has no login \(login): CREATE ROLE ... LOGIN REPLICATION BYPASSRLS makes one for the cell"
            )
        }
        if let other = found.other {
            throw AdministrationError.refused(
                "\(login) is \(other): a cell that follows needs a login of its own")
        }
        guard found.mayReplicate else {
            throw AdministrationError.refused(
                "\(login) needs LOGIN, REPLICATION and BYPASSRLS: ALTER ROLE ... LOGIN REPLICATION BYPASSRLS")
        }
    }

    /// Lets a login read what is published, and what a cell looks at before it begins. REPLICATION and BYPASSRLS, which
    /// it needs, too, are a superuser's to give.
    package static func grant(to login: String, _ connection: inout Connection) async throws {
        let database = try await connection.execute("SELECT current_database()")[0].text(0)
        let login = quotedIdentifier(login)
        try await connection.execute(
            """
            GRANT CONNECT ON DATABASE \(quotedIdentifier(database)) TO \(login);
            GRANT USAGE ON SCHEMA countersign TO \(login);
            GRANT SELECT ON \(tables.map { "countersign.\($0)" }.joined(separator: ", ")) TO \(login)
            """)
    }
}

/// A login that is to read what is published; no row where the server has none of that name.
struct ReadFollowerLogin: PreparedStatement {
    let login: String

    // A superuser counts as a member of everything.
    static let statement = Statement(
        "home.follower_login",
        """
        SELECT r.rolcanlogin AND r.rolreplication AND r.rolbypassrls AS may_replicate,
               coalesce((SELECT 'the login of portal ' || p.name FROM countersign.portals p WHERE p.login = r.rolname),
                        (SELECT 'the login of app ' || a.name FROM countersign.apps a WHERE a.login = r.rolname),
                        (SELECT 'a member of ' || min(g.rolname::text) FROM pg_roles g
                         WHERE starts_with(g.rolname::text, 'countersign_') AND g.oid <> r.oid
                           AND NOT r.rolsuper AND pg_has_role(r.oid, g.oid, 'MEMBER'))) AS other
        FROM pg_roles r WHERE r.rolname = $1
        """)

    var parameters: [Parameter] { [.text(login)] }

    static func decode(_ row: inout RowReader) throws -> (mayReplicate: Bool, other: String?) {
        (try row.bool("may_replicate"), try row.optionalText("other"))
    }
}
