/// What the database's owner may do to other roles. Until PostgreSQL 15 CREATEROLE is enough for all that are no
/// superusers; from 16 on it takes ADMIN OPTION on the role, which who creates a role has and others must be given, and a
/// membership is revoked by who has granted it, or by one who has that one's rights.
enum OwnerRights {
    /// Common table expressions: `owner`, and `role`, each role of the server with whether the owner grants and revokes
    /// it, alters it, and has its rights.
    static let tables = """
        owner AS (
            SELECT o.oid, o.rolname AS name, o.rolsuper AS is_superuser, o.rolsuper OR o.rolcreaterole AS is_creator,
                   current_setting('server_version_num')::integer >= 160000 AS needs_option
            FROM pg_database d JOIN pg_roles o ON o.oid = d.datdba WHERE d.datname = current_database()
        ), role AS (
            SELECT r.oid, r.rolname AS name,
                   o.is_superuser OR NOT r.rolsuper AND (option.is_there OR o.is_creator AND NOT o.needs_option) AS is_granted,
                   o.is_superuser OR r.oid = o.oid OR o.is_creator AND NOT r.rolsuper AND (option.is_there
                       OR NOT o.needs_option AND NOT r.rolreplication AND NOT r.rolbypassrls) AS is_altered,
                   NOT o.needs_option OR pg_has_role(o.oid, r.oid, 'USAGE') AS is_represented
            FROM owner o CROSS JOIN pg_roles r
            CROSS JOIN LATERAL (SELECT pg_has_role(o.oid, r.oid, 'USAGE WITH ADMIN OPTION') AS is_there) AS option
        )
        """

    /// Whose hands a remedy needs: the owner's where that holds, else a superuser's.
    static func hands(_ mayOwner: String) -> String {
        "CASE WHEN \(mayOwner) THEN 'owner' ELSE 'superuser' END"
    }
}
