/// Who may do what.
extension DoctorCheck {
    var rolesSQL: String {
        """
        \(Self.members)
        SELECT 'error', 'group ' || ours.name || ' is missing', 'What it had is listed under drift then.',
               format('CREATE ROLE %I NOLOGIN;', ours.name), \(OwnerRights.hands("owner.is_creator")), true
        FROM ours, owner WHERE to_regrole(quote_ident(ours.name)) IS NULL
        UNION ALL
        SELECT 'error', 'group ' || s.rolname || ' can log in or has privileges of its own',
               'Groups are for logins to be members of.', format('ALTER ROLE %I NOLOGIN %s;', s.rolname, s.none), 'superuser', true
        FROM strong s JOIN ours ON ours.name = s.rolname WHERE s.rolcanlogin OR s.has <> ''
        UNION ALL
        SELECT 'error', format('login %s of %s %s has %s', l.login, l.kind, l.name, s.has),
               'With that it sees more than its own rows.', format('ALTER ROLE %I %s;', l.login, s.none), 'superuser', true
        FROM login l JOIN strong s ON s.rolname = l.login WHERE s.has <> ''
        UNION ALL
        SELECT 'error', 'login ' || l.login || ' of a portal or an app is also in ' || m.in_group,
               'It sees more than its own rows.', m.revoke, m.hands, true
        FROM login l JOIN member m ON m.login = l.login JOIN ours ON ours.kind = l.kind AND m.in_group <> ours.name
        UNION ALL
        SELECT 'error', format('login %s of %s %s is not in %s', l.login, l.kind, l.name, ours.name),
               'It cannot connect.', format('GRANT %I TO %I;', ours.name, l.login), \(OwnerRights.hands("g.is_granted")), true
        FROM login l JOIN ours USING (kind) JOIN role g ON g.name = ours.name JOIN pg_roles r ON r.rolname = l.login
        WHERE NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = g.oid AND m.member = r.oid)
        UNION ALL
        SELECT 'error', format('%s %s has no login %s', l.kind, l.name, l.login),
               format('Give it a password then: \\password %s', l.login),
               CASE WHEN g.is_granted AND owner.is_creator THEN ''
                    ELSE format(E'ALTER ROLE %I CREATEROLE;\\nGRANT %I TO %1$I WITH ADMIN OPTION;\\n', owner.name, g.name) END
               || format('SELECT countersign.create_login(%L, %L, NULL);', l.login, g.name),
               \(OwnerRights.hands("g.is_granted AND owner.is_creator")), g.is_granted AND owner.is_creator
        FROM owner, login l JOIN ours USING (kind) JOIN role g ON g.name = ours.name
        WHERE to_regrole(quote_ident(l.login)) IS NULL
        UNION ALL
        SELECT 'warning', format('login %s is in %s, and in %s, too', a.login, o.in_group, a.in_group),
               'Whoever breaks into a service has an administrator''s rights.', a.revoke, a.hands, false
        FROM member a JOIN member o USING (login)
        JOIN ours admins ON admins.name = a.in_group AND admins.kind = 'admin'
        JOIN ours services ON services.name = o.in_group AND services.kind IN ('worker', 'gateway')
        WHERE a.rolcanlogin
        """
    }

    /// Revoking names who has granted it from PostgreSQL 16 on, which else takes the caller's own grants alone.
    private static let members = """
        WITH member AS (
            SELECT l.rolname AS login, g.name AS in_group, l.rolcanlogin,
                   format('REVOKE %I FROM %I', g.name, l.rolname) || CASE
                       WHEN o.needs_option THEN format(' GRANTED BY %I', by.name) ELSE '' END || ';' AS revoke,
                   \(OwnerRights.hands("g.is_granted AND by.is_represented IS NOT FALSE")) AS hands
            FROM owner o, pg_auth_members m JOIN pg_roles l ON l.oid = m.member JOIN role g ON g.oid = m.roleid
            LEFT JOIN role by ON by.oid = m.grantor
        ), strong AS (
            SELECT r.rolname, r.rolcanlogin, concat_ws(', ', CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
                   CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
                   CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END) AS has,
                   'NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION' AS none
            FROM pg_roles r
        )
        """

    /// A definer's function that somebody else owns runs with that one's rights.
    var ownershipSQL: String {
        """
        WITH object AS (
            SELECT 'FUNCTION ' || oid::regprocedure AS name, proowner AS owner FROM pg_proc
            WHERE pronamespace = 'countersign'::regnamespace
            UNION ALL
            SELECT CASE relkind WHEN 'v' THEN 'VIEW ' WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || oid::regclass, relowner
            FROM pg_class c WHERE relnamespace = 'countersign'::regnamespace AND relkind IN ('r', 'p', 'v', 'S')
                AND NOT EXISTS (SELECT FROM pg_depend p  -- a column's sequence follows the column's table
                                WHERE p.objid = c.oid AND p.classid = 'pg_class'::regclass AND p.deptype IN ('a', 'i')
                                  AND p.refclassid = 'pg_class'::regclass AND p.refobjsubid > 0)
            UNION ALL
            SELECT 'SCHEMA ' || nspname, nspowner FROM pg_namespace WHERE nspname = 'countersign'
        )
        SELECT 'error', format(CASE WHEN count(*) = 1 THEN '%2$s belongs to %3$s' ELSE '%s objects belong to %3$s: %2$s' END,
                               count(*), \(Self.three("o.name")), pg_get_userbyid(o.owner)),
               'It works with the rights of its owner.',
               string_agg(format('ALTER %s OWNER TO %I;', o.name, pg_get_userbyid(d.datdba)), E'\\n' ORDER BY o.name),
               'superuser', true
        FROM object o JOIN pg_database d ON d.datname = current_database() WHERE o.owner <> d.datdba GROUP BY o.owner
        """
    }

    /// The first three of what is grouped.
    private static func three(_ name: String) -> String {
        "array_to_string((array_agg(\(name) ORDER BY \(name)))[1:3], ', ') || CASE WHEN count(*) > 3 THEN ', ...' ELSE '' END"
    }

    /// A database whose rights were lost (pg_restore without --create) has those that any database begins with.
    var publicRightsSQL: String {
        """
        \(Self.publicObjects)
        SELECT 'error', format('PUBLIC has %s on ', o.given) || CASE WHEN count(*) > 1 THEN count(*) || ' objects: ' ELSE '' END
                        || \(Self.three("o.what")),
               'Every login of the server has it.',
               string_agg(format('REVOKE ALL ON %s FROM PUBLIC;', o.kind)
                          || CASE WHEN o.what = 'the database' THEN E'\\n' || base.connecting ELSE '' END, E'\\n' ORDER BY o.what),
               'owner', true
        FROM (SELECT what, kind, string_agg(DISTINCT lower(a.privilege_type), ', ') AS given
              FROM object, aclexplode(acl) AS a WHERE a.grantee = 0 GROUP BY what, kind) AS o, base GROUP BY o.given
        UNION ALL
        SELECT 'error', 'the group ' || string_agg(g.name, ', the group ' ORDER BY g.name) || ' may not connect',
               'None of its logins can.', b.connecting, 'owner', true
        FROM base b, ours g WHERE to_regrole(quote_ident(g.name)) IS NOT NULL
          AND NOT EXISTS (SELECT FROM aclexplode(b.acl) a
                          WHERE a.grantee IN (0, to_regrole(quote_ident(g.name))) AND a.privilege_type = 'CONNECT')
        GROUP BY b.connecting
        UNION ALL
        SELECT 'warning', 'PUBLIC may create in the schema public', 'Portals could store what they like.',
               'REVOKE ALL ON SCHEMA public FROM PUBLIC;',
               \(OwnerRights.hands("pg_has_role(o.oid, n.nspowner, 'USAGE')")), true
        FROM owner o, pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
        WHERE n.nspname = 'public' AND a.grantee = 0 AND a.privilege_type = 'CREATE'
        """
    }

    /// What PUBLIC may have rights on.
    private static let publicObjects = """
        WITH base AS (
            SELECT quote_ident(d.datname) AS name, coalesce(d.datacl, acldefault('d', d.datdba)) AS acl,
                   format('GRANT CONNECT ON DATABASE %I TO %s;', d.datname,
                          (SELECT string_agg(quote_ident(name), ', ') FROM ours)) AS connecting
            FROM pg_database d WHERE d.datname = current_database()
        ), object (what, kind, acl) AS (
            SELECT 'the database', 'DATABASE ' || name, acl FROM base
            UNION ALL
            SELECT 'the schema', 'SCHEMA countersign', nspacl FROM pg_namespace WHERE nspname = 'countersign'
            UNION ALL
            SELECT oid::regclass::text, CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || oid::regclass, relacl
            FROM pg_class WHERE relnamespace = 'countersign'::regnamespace
            UNION ALL
            SELECT r.oid::regclass || '.' || a.attname, 'TABLE ' || r.oid::regclass, a.attacl
            FROM pg_class r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attacl IS NOT NULL
            WHERE r.relnamespace = 'countersign'::regnamespace
            UNION ALL
            SELECT oid::regprocedure::text, 'FUNCTION ' || oid::regprocedure, coalesce(proacl, acldefault('f', proowner))
            FROM pg_proc WHERE pronamespace = 'countersign'::regnamespace
        )
        """

    /// What PostgreSQL lets any login do, and a superuser can take: see Security.md.
    var serverRightsSQL: String {
        """
        SELECT 'warning', 'any login may lock tables by DDL, take advisory locks, store large objects and notify',
               'With that one portal can stop the others; see Security.md.',
               \(serverRightsRemedy), 'superuser', false
        FROM pg_database d WHERE d.datname = current_database() AND (
            EXISTS (SELECT FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
                    WHERE \(takenFunctions) AND a.grantee = 0 AND a.privilege_type = 'EXECUTE')
            OR EXISTS (SELECT FROM pg_database o, aclexplode(coalesce(o.datacl, acldefault('d', o.datdba))) AS a
                       WHERE o.datname IN ('postgres', 'template1') AND a.grantee = 0)
            OR NOT EXISTS (SELECT FROM pg_event_trigger t WHERE t.evtname = 'countersign_refuse_ddl' AND t.evtenabled <> 'D'))
        """
    }

    private var takenFunctions: String {
        """
        p.pronamespace = 'pg_catalog'::regnamespace AND (p.proname ~ '^pg_(try_)?advisory_' OR p.proname ~ '^lo_'
            OR p.proname IN ('loread', 'lowrite', 'pg_notify', 'pg_notification_queue_usage', 'pg_logical_emit_message'))
        """
    }

    /// A statement a line. The owner's functions do it for all others; workers ring and lock themselves.
    ///
    /// CREATE RULE and CREATE TRIGGER, and DROP of either or of a policy, take their lock of the table before PostgreSQL
    /// looks at whose it is, and everybody waits behind who waits for that: so whose business no DDL is gets none begun.
    private var serverRightsRemedy: String {
        let words = takenFunctions.split { $0 == " " || $0 == "\n" }
        let condition = words.joined(separator: " ").replacing("'", with: "''")
        return """
            E'SET client_min_messages = warning;\\n'
            || format('DO $$ DECLARE taken regprocedure; BEGIN FOR taken IN SELECT p.oid FROM pg_proc p WHERE '
                   '\(condition) LOOP '
                   'EXECUTE format(''REVOKE EXECUTE ON FUNCTION %%s FROM PUBLIC'', taken); '
                   'EXECUTE format(''GRANT EXECUTE ON FUNCTION %%s TO %I, %I, %I'', taken); END LOOP; END $$;',
                   pg_get_userbyid(d.datdba), (SELECT name FROM ours WHERE kind = 'worker'),
                   (SELECT name FROM ours WHERE kind = 'admin'))
            || E'\\nREVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;\\n'
            || format('ALTER DATABASE %I SET temp_file_limit = ''1GB'';', d.datname)
            || E'\\nCREATE SCHEMA IF NOT EXISTS countersign_guard;\\n'
            || format('CREATE OR REPLACE FUNCTION countersign_guard.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql '
                   'SET search_path = pg_catalog, pg_temp AS $$ BEGIN IF EXISTS (SELECT FROM pg_roles r '
                   'WHERE r.rolname IN (%L, %L) AND pg_has_role(session_user, r.oid, ''MEMBER'')) AND NOT EXISTS '
                   '(SELECT FROM pg_roles o WHERE o.rolname = %L AND pg_has_role(session_user, o.oid, ''MEMBER'')) THEN '
                   'RAISE EXCEPTION ''%% is for the owner'', tg_tag USING ERRCODE = ''42501''; END IF; END $$;',
                   (SELECT name FROM ours WHERE kind = 'portal'), (SELECT name FROM ours WHERE kind = 'app'),
                   pg_get_userbyid(d.datdba))
            || E'\\nDROP EVENT TRIGGER IF EXISTS countersign_refuse_ddl;'
            || E'\\nCREATE EVENT TRIGGER countersign_refuse_ddl ON ddl_command_start '
            || 'EXECUTE FUNCTION countersign_guard.refuse_ddl();'
            """
    }

    /// A role belongs to the server: which databases it has rights in, pg_shdepend tells.
    var sharedGroupsSQL: String {
        """
        SELECT 'warning', format('the groups %s... are used by %s other database%s, too: %s', prefix, count(*),
                                 CASE WHEN count(*) > 1 THEN 's' ELSE '' END,
                                 array_to_string((array_agg(other ORDER BY other))[1:3], ', ')
                                 || CASE WHEN count(*) > 3 THEN ', ...' ELSE '' END),
               'Administrators and workers of one have their rights in the other. Then put this one''s logins into its groups.',
               'countersign migrate up --installation '
               || coalesce(nullif(substr(regexp_replace(lower(current_database()), '[^a-z0-9]', '', 'g'), 1, 32), ''), 'x'),
               'shell', false
        FROM installation, (
            SELECT DISTINCT d.datname AS other FROM pg_shdepend s
            JOIN pg_roles r ON r.oid = s.refobjid AND s.refclassid = 'pg_authid'::regclass
            JOIN pg_database d ON d.oid = s.dbid OR s.classid = 'pg_database'::regclass AND d.oid = s.objid
            WHERE r.rolname IN (SELECT name FROM ours) AND d.datname <> current_database()) AS others
        GROUP BY prefix
        """
    }
}
