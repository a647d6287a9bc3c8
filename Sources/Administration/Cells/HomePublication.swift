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
