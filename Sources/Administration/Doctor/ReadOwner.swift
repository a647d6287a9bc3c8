package import Postgres

/// Who owns the database, and so everything in it that is ours.
package struct ReadOwner: PreparedStatement {
    package static let statement = Statement(
        "database.read_owner",
        """
        SELECT pg_get_userbyid(datdba)::text AS name FROM pg_database WHERE datname = current_database()
        """)

    package init() {}

    package static func decode(_ row: inout RowReader) throws -> String { try row.text("name") }
}
