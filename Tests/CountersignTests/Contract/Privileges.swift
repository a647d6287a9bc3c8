import Postgres

/// Who may do what with each object of the schema, one line an object.
enum Privileges {
    /// $1 the names of roles, $2 how the lines call them. Partitions and indexes have no line: nobody has
    /// rights of his own on them.
    static let list = Statement(
        "privileges",
        """
        WITH role AS (
            SELECT * FROM unnest($1::text[], $2::text[]) AS r (login, called)
        ), relation AS (
            SELECT c.oid, c.relname || CASE c.relkind WHEN 'S' THEN ' (sequence)' WHEN 'v' THEN ' (view)'
                   ELSE '' END AS called, c.relkind FROM pg_class c
            WHERE c.relnamespace = 'countersign'::regnamespace AND NOT c.relispartition
              AND c.relkind NOT IN ('i', 'I', 'c')
        ), function AS (
            SELECT p.oid, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS called
            FROM pg_proc p WHERE p.pronamespace = 'countersign'::regnamespace
        ), kind AS (
            SELECT t.oid, t.typname || ' (type)' AS called FROM pg_type t
            WHERE t.typnamespace = 'countersign'::regnamespace AND t.typelem = 0 AND t.typrelid = 0
        ), granted AS (
            SELECT relation.called AS object, role.called AS role, whole.privilege AS privilege
            FROM relation, role, unnest(CASE WHEN relkind = 'S' THEN '{USAGE,SELECT,UPDATE}'
                ELSE '{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}' END::text[]) AS whole (privilege)
            WHERE CASE WHEN relkind = 'S' THEN has_sequence_privilege(role.login, relation.oid, whole.privilege)
                       ELSE has_table_privilege(role.login, relation.oid, whole.privilege) END
            UNION ALL
            SELECT relation.called, role.called, part.privilege || ' (' || string_agg(a.attname, ' '
                   ORDER BY a.attnum) || ')'
            FROM relation JOIN pg_attribute a ON a.attrelid = relation.oid AND a.attnum > 0 AND NOT a.attisdropped,
                 role, unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) AS part (privilege)
            WHERE relkind <> 'S' AND has_column_privilege(role.login, relation.oid, a.attnum, part.privilege)
              AND NOT has_table_privilege(role.login, relation.oid, part.privilege)
            GROUP BY relation.called, role.called, part.privilege
            UNION ALL
            SELECT function.called, role.called, 'EXECUTE' FROM function, role
            WHERE has_function_privilege(role.login, function.oid, 'EXECUTE')
            UNION ALL
            SELECT kind.called, role.called, 'USAGE' FROM kind, role
            WHERE has_type_privilege(role.login, kind.oid, 'USAGE')
            UNION ALL
            SELECT '(schema)', role.called, privilege FROM role, unnest('{USAGE,CREATE}'::text[]) AS privilege
            WHERE has_schema_privilege(role.login, 'countersign', privilege)
            UNION ALL
            SELECT '(database)', role.called, privilege
            FROM role, unnest('{CONNECT,TEMP,CREATE}'::text[]) AS privilege
            WHERE has_database_privilege(role.login, current_database(), privilege)
        ), rights AS (
            SELECT object, role, string_agg(lower(privilege), ', ' ORDER BY privilege) AS rights
            FROM granted GROUP BY object, role
        ), shared AS (
            SELECT object, string_agg(role, ' ' ORDER BY role) || ': ' || rights AS rights
            FROM rights GROUP BY object, rights
        ), lines AS (
            SELECT object || ' - ' || string_agg(rights, '; ' ORDER BY rights) AS line FROM shared GROUP BY object
            UNION ALL
            SELECT called || ' - nobody' FROM (SELECT called FROM relation UNION ALL SELECT called FROM function
                                               UNION ALL SELECT called FROM kind) AS object
            WHERE called NOT IN (SELECT object FROM granted)
        )
        SELECT line FROM lines ORDER BY line COLLATE "C"
        """)

    static func read(_ roles: [(login: String, called: String)], _ connection: inout Connection) async throws
        -> [String]
    {
        let parameters: [Parameter] = [.texts(roles.map(\.login)), .texts(roles.map(\.called))]
        return try await connection.run(list, parameters).map { try $0.text(0) }
    }
}

/// The lines of a list. Indented ones continue the one before.
func unfold(_ text: String) -> [String] {
    text.replacing("\n    ", with: " ").split(separator: "\n").map(String.init)
}
