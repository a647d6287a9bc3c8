package import Postgres

/// Every object of the schema with its definition, one line each, so that two databases can be compared object by
/// object. The partitions of days are left out: they come and go; so is what belongs to the owner, and what PUBLIC has.
/// Groups have the names that they have in the files, and the number of the cell is left out.
package enum SchemaListing {
    /// A tab stands between object and definition.
    package static func read(
        _ connection: inout Connection, of installation: Installation = .first
    ) async throws -> [String] {
        try await connection.run(ListObjects(prefix: installation.prefix)).all()
    }
}

/// Views, and functions that were read when they were made, are shown differently by different versions of
/// PostgreSQL: without the names before the dots and without spaces they are the same.
struct ListObjects: PreparedStatement {
    /// What the names of the installation's groups begin with.
    let prefix: String

    var parameters: [Parameter] { [.text(prefix)] }

    static let statement = Statement(
        "doctor.schema",
        """
        WITH relation AS (
            SELECT c.oid, c.relname::text AS name, c.relkind, c.reloptions, c.relrowsecurity, c.relacl, c.relowner
            FROM pg_class c WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'S')
              AND (NOT c.relispartition OR c.relname LIKE '%\\_default')
        ), function AS (
            SELECT p.*, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name
            FROM pg_proc p WHERE p.pronamespace = 'countersign'::regnamespace
        ), acl AS (
            SELECT name AS object, relacl AS acl, relowner AS owner FROM relation
            UNION ALL
            SELECT r.name || '.' || a.attname, a.attacl, r.relowner FROM relation r JOIN pg_attribute a
                ON a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
            UNION ALL
            SELECT name, proacl, proowner FROM function
            UNION ALL
            SELECT 'schema', nspacl, nspowner FROM pg_namespace WHERE nspname = 'countersign'
        ), object (name, definition) AS (
            SELECT 'relation ' || name, concat_ws(' ', relkind, pg_get_partkeydef(oid)) FROM relation
            UNION ALL
            SELECT 'security ' || name, 'by row' FROM relation WHERE relrowsecurity
            UNION ALL
            SELECT 'option ' || r.name || '.' || split_part(o.pair, '=', 1), split_part(o.pair, '=', 2)
            FROM relation r CROSS JOIN unnest(r.reloptions) AS o (pair) WHERE o.pair NOT LIKE 'autovacuum\\_enabled=%'
            UNION ALL
            SELECT 'column ' || r.name || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
                   CASE WHEN a.attcollation = '"C"'::regcollation AND a.atttypid <> 'name'::regtype THEN 'collate C' END,
                   CASE WHEN a.attnotnull THEN 'not null' END, 'default ' || pg_get_expr(d.adbin, d.adrelid),
                   nullif(a.attidentity::text, ''))
            FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE r.relkind <> 'S'
            UNION ALL
            SELECT 'constraint ' || r.name || '.' || k.conname, pg_get_constraintdef(k.oid)
            FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid WHERE k.contype <> 'n'
            UNION ALL
            SELECT 'index ' || r.name || '.' || i.relname, pg_get_indexdef(i.oid)
            FROM relation r JOIN pg_index x ON x.indrelid = r.oid JOIN pg_class i ON i.oid = x.indexrelid
            UNION ALL
            SELECT 'trigger ' || r.name || '.' || t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
            FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
            UNION ALL
            SELECT 'policy ' || r.name || '.' || p.polname, concat_ws(' ', p.polcmd, (SELECT string_agg(
                   o.rolname, ',' ORDER BY o.rolname) FROM pg_roles o WHERE o.oid = ANY (p.polroles)),
                   pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
            FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
            UNION ALL
            SELECT 'view ' || name, md5(regexp_replace(replace(pg_get_viewdef(oid), $1, 'countersign_'), '\\w+[.]|[\\s()]', '', 'g'))
            FROM relation WHERE relkind = 'v'
            UNION ALL
            SELECT 'function ' || name, concat_ws(' ', pg_get_function_result(oid), provolatile,
                   CASE WHEN prosecdef THEN 'definer' END, array_to_string(proconfig, ','),
                   CASE WHEN proname <> 'cell' THEN md5(replace(coalesce(
                       regexp_replace(pg_get_function_sqlbody(oid), '\\w+[.]|[\\s()]', '', 'g'), prosrc), $1, 'countersign_')) END)
            FROM function
            UNION ALL
            SELECT 'type ' || t.typname, concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
                   (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k WHERE k.contypid = t.oid))
            FROM pg_type t WHERE t.typnamespace = 'countersign'::regnamespace AND t.typtype = 'd'
            UNION ALL
            SELECT 'grant ' || acl.object || ' to ' || g.rolname, string_agg(x.privilege_type, ',' ORDER BY x.privilege_type)
            FROM acl CROSS JOIN LATERAL aclexplode(acl.acl) x JOIN pg_roles g ON g.oid = x.grantee
            WHERE x.grantee <> acl.owner AND NOT (\(HomePublication.isReading)) GROUP BY acl.object, g.rolname
        )
        SELECT replace(name, $1, 'countersign_') AS name,
               replace(regexp_replace(definition, '\\s+', ' ', 'g'), $1, 'countersign_') AS definition
        FROM object ORDER BY replace(name, $1, 'countersign_') COLLATE "C"
        """)

    static func decode(_ row: inout RowReader) throws -> String {
        "\(try row.text("name"))\t\(try row.text("definition"))"
    }
}
