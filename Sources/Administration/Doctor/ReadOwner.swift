package import Postgres

/// Who owns the database, and so everything in it that is ours, and whether this session's login is a superuser's.
package struct ReadOwner: PreparedStatement {
    package struct Output: Sendable {
        package let name: String
        package let isAskedBySuperuser: Bool
    }

    package static let statement = Statement(
        "database.read_owner",
        """
        SELECT pg_get_userbyid(d.datdba)::text AS name, r.rolsuper AS is_asked_by_superuser
        FROM pg_database d, pg_roles r WHERE d.datname = current_database() AND r.rolname = session_user
        """)

    package init() {}

    package static func decode(_ row: inout RowReader) throws -> Output {
        Output(name: try row.text("name"), isAskedBySuperuser: try row.bool("is_asked_by_superuser"))
    }
}
