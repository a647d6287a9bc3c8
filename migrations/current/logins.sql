-- Logins of portals and apps, as an administrator adds them.

-- Creates the login of a portal or an app, member of that group and of no other of any installation, with limits that
-- keep a careless client from holding up the database. The verifier is a SCRAM secret, never a password.
CREATE OR REPLACE FUNCTION countersign.create_login(login text, group_role text, verifier text,
                                                    connections integer DEFAULT 20) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF group_role NOT IN ('countersign_portal', 'countersign_app') THEN
        PERFORM countersign.refuse('CS003', 'group_role must be countersign_portal or countersign_app');
    ELSIF verifier IS NOT NULL AND verifier !~ '^SCRAM-SHA-256[$]' THEN
        PERFORM countersign.refuse('CS003', 'verifier must be a SCRAM-SHA-256 secret');
    ELSIF connections IS NULL OR connections NOT BETWEEN 1 AND 10000 THEN
        PERFORM countersign.refuse('CS003', 'connections must lie between 1 and 10,000');
    END IF;
    IF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login) THEN
        PERFORM countersign.check_login(login, group_role);
        EXECUTE format('GRANT %I TO %I', group_role, login);
        RETURN false;
    END IF;
    EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT %s IN ROLE %I', login, connections, group_role);
    IF verifier IS NOT NULL THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', login, verifier);
    END IF;
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''30s''', login);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = ''15s''', login);
    RETURN true;
END
$$;

-- Refuses (CS003) a login that exists and is more than a plain one, or that is somebody else's: a member of another
-- group, or of this one where another database uses it, too, and knows the login.
CREATE OR REPLACE FUNCTION countersign.check_login(login text, group_role text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    other text;
    held oid[];
BEGIN
    -- What it is a member of through other roles, it is a member of.
    SELECT array_agg(r) INTO held FROM (
        WITH RECURSIVE held (oid) AS (
            SELECT r.oid FROM pg_roles r WHERE r.rolname = login
            UNION SELECT m.roleid FROM held h JOIN pg_auth_members m ON m.member = h.oid
        )
        SELECT oid FROM held) AS roles (r);
    IF EXISTS (SELECT FROM pg_roles r WHERE r.oid = ANY (held) AND (r.rolsuper OR r.rolcreaterole
               OR r.rolbypassrls OR r.rolreplication OR (r.rolname = login AND NOT r.rolcanlogin))) THEN
        PERFORM countersign.refuse('CS003', format(
            'role %I exists and is not a plain login; a portal or an app needs one without privileges', login));
    END IF;
    SELECT g.rolname INTO other FROM pg_roles g
        WHERE g.oid = ANY (held) AND starts_with(g.rolname::text, 'countersign_') AND g.rolname <> group_role
          AND g.rolname <> login LIMIT 1;
    IF other IS NOT NULL THEN
        PERFORM countersign.refuse('CS003', format(
            'role %I is a member of %I already; a portal or app login belongs to one group only', login, other));
    END IF;
    SELECT string_agg(u.database, ', ') INTO other FROM countersign.other_databases(group_role) u;
    IF other IS NOT NULL AND to_regrole(quote_ident(group_role)) = ANY (held)
       AND NOT EXISTS (SELECT FROM countersign.portals p WHERE p.login = check_login.login)
       AND NOT EXISTS (SELECT FROM countersign.apps a WHERE a.login = check_login.login) THEN
        PERFORM countersign.refuse('CS003', format(
            'role %I is a member of %I already, which database %s uses, too: it may be another installation''s; take '
            'another name', login, group_role, other));
    END IF;
END
$$;

-- The other databases of the server in which that group has rights.
CREATE OR REPLACE FUNCTION countersign.other_databases(group_role text) RETURNS TABLE (database text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT DISTINCT d.datname::text FROM pg_shdepend s
        JOIN pg_roles r ON r.oid = s.refobjid AND s.refclassid = 'pg_authid'::regclass
        JOIN pg_database d ON d.oid = s.dbid OR s.classid = 'pg_database'::regclass AND d.oid = s.objid
        WHERE r.rolname = group_role AND d.datname <> current_database() ORDER BY 1;
END
$$;
