package import Postgres

/// What a home has for a cell that wants to follow it, as the login sees it by which PostgreSQL will fetch it.
package struct HomeOffer: Sendable {
    package let cell: Int
    let walLevel: String
    let isPublished: Bool
    let mayReplicate: Bool
    /// Whether the first copy would have every row: it is of tables with row security.
    let maySeeAll: Bool

    package static func read(_ home: inout Connection) async throws -> HomeOffer {
        try await home.run(ReadHomeOffer()).one()
    }

    /// Throws `AdministrationError` with what the home lacks.
    package func check() throws {
        guard walLevel == "logical" else {
            throw AdministrationError.refused(
                "the home's server has wal_level = \(walLevel): set it to logical there, and restart that server"
            )
        }
        guard isPublished else {
            throw AdministrationError.refused(
                "the home publishes nothing yet: run `countersign cell publish` there, as its owner")
        }
        guard mayReplicate, maySeeAll else {
            throw AdministrationError.refused(
                "the login at the home needs REPLICATION and BYPASSRLS: ALTER ROLE ... REPLICATION BYPASSRLS")
        }
    }
}

struct ReadHomeOffer: PreparedStatement {
    static let statement = Statement(
        "home.offer",
        """
        SELECT (\(ReadCell.definition)) AS cell, current_setting('wal_level') AS wal_level,
               EXISTS (SELECT FROM pg_publication p WHERE p.pubname = 'countersign_home') AS is_published,
               r.rolsuper OR r.rolreplication AS may_replicate, r.rolsuper OR r.rolbypassrls AS may_see_all
        FROM pg_roles r WHERE r.rolname = current_user
        """)

    static func decode(_ row: inout RowReader) throws -> HomeOffer {
        HomeOffer(
            cell: try row.int("cell"), walLevel: try row.text("wal_level"),
            isPublished: try row.bool("is_published"), mayReplicate: try row.bool("may_replicate"),
            maySeeAll: try row.bool("may_see_all"))
    }
}
