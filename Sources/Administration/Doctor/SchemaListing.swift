package import Postgres

/// Every object of the schema with its definition, one line each, so that two databases can be compared object by
/// object. The partitions of days are left out: they come and go; so is what belongs to the owner.
package enum SchemaListing {
    /// A tab stands between object and definition.
    package static func read(_ connection: inout Connection) async throws -> [String] {
        try await connection.run(ListObjects()).all()
    }
}

/// An object that is not what the files of the schema make.
package struct SchemaDifference: Sendable, Hashable {
    package enum Kind: String, Sendable {
        case missing = "is missing"
        case foreign = "is not ours"
        case changed = "was changed"
    }

    /// As the listing has it: `function ring(stage text)`, `column portals.note`.
    package let object: String
    package let kind: Kind

    package var finding: String { "\(object) \(kind.rawValue)" }

    package var advice: String {
        switch kind {
        case .foreign:
            "Undo what was done by hand, or drop it in a migration; `countersign migrate show` lists what is ours."
        case .missing, .changed: "`countersign migrate show \(shown)` prints ours: run that, as the owner."
        }
    }

    /// What `migrate show` prints of it. Rights stand together in one file; a default partition has what its table has.
    private var shown: String {
        let words = object.split(separator: " ")
        let name = words.dropFirst().first.map(String.init) ?? ""
        return switch words.first {
        case "grant": "grants"
        case "function": String(name.prefix { $0 != "(" })
        case "relation": name
        default: name.replacing("_default", with: "")
        }
    }

    /// Compares the lines of two listings, by the objects' names.
    package static func all(expected: [String], found: [String]) -> [SchemaDifference] {
        let (wanted, present) = (byName(expected), byName(found))
        return Set(wanted.keys).union(present.keys).sorted().compactMap { name in
            switch (wanted[name], present[name]) {
            case (_?, nil): SchemaDifference(object: name, kind: .missing)
            case (nil, _?): SchemaDifference(object: name, kind: .foreign)
            case (let one, let other) where one != other: SchemaDifference(object: name, kind: .changed)
            default: nil
            }
        }
    }

    private static func byName(_ lines: [String]) -> [String: String] {
        let pairs = lines.map { line in
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { first, _ in first }
    }
}

/// Views, and functions that were read when they were made, are shown differently by different versions of
/// PostgreSQL: without the names before the dots and without spaces they are the same.
struct ListObjects: PreparedStatement {
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
            SELECT 'relation ' || name, concat_ws(' ', relkind, array_to_string(reloptions, ','),
                   CASE WHEN relrowsecurity THEN 'row security' END, pg_get_partkeydef(oid)) FROM relation
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
            SELECT 'view ' || name, md5(regexp_replace(pg_get_viewdef(oid), '\\w+[.]|[\\s()]', '', 'g'))
            FROM relation WHERE relkind = 'v'
            UNION ALL
            SELECT 'function ' || name, concat_ws(' ', pg_get_function_result(oid), provolatile,
                   CASE WHEN prosecdef THEN 'definer' END, array_to_string(proconfig, ','),
                   md5(coalesce(regexp_replace(pg_get_function_sqlbody(oid), '\\w+[.]|[\\s()]', '', 'g'), prosrc)))
            FROM function
            UNION ALL
            SELECT 'type ' || t.typname, concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
                   (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k WHERE k.contypid = t.oid))
            FROM pg_type t WHERE t.typnamespace = 'countersign'::regnamespace AND t.typtype = 'd'
            UNION ALL
            SELECT 'grant ' || acl.object || ' to ' || coalesce(g.rolname, 'PUBLIC'),
                   string_agg(x.privilege_type, ',' ORDER BY x.privilege_type)
            FROM acl CROSS JOIN LATERAL aclexplode(acl.acl) x LEFT JOIN pg_roles g ON g.oid = x.grantee
            WHERE x.grantee <> acl.owner GROUP BY acl.object, g.rolname
        )
        SELECT name, regexp_replace(definition, '\\s+', ' ', 'g') AS definition FROM object ORDER BY name COLLATE "C"
        """)

    static func decode(_ row: inout RowReader) throws -> String {
        "\(try row.text("name"))\t\(try row.text("definition"))"
    }
}
