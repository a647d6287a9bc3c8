-- What is taken away: portals and apps, whose rows hang together, and the passwords of their logins.

-- Gives the login of a portal or an app another password, as a SCRAM secret. Sessions that are open go on.
CREATE OR REPLACE FUNCTION countersign.set_login_password(login text, verifier text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    client record;
BEGIN
    SELECT 'portal' AS kind, p.name, p.portal_id, NULL::integer AS app_id INTO client
        FROM countersign.portals p WHERE p.login = set_login_password.login;
    IF client IS NULL THEN
        SELECT 'app' AS kind, a.name, NULL::integer AS portal_id, a.app_id INTO client
            FROM countersign.apps a WHERE a.login = set_login_password.login;
    END IF;
    IF client.kind IS NULL THEN
        PERFORM countersign.refuse('CS003', format('%I is the login of no portal and no app', login));
    ELSIF verifier IS NULL OR verifier !~ '^SCRAM-SHA-256[$]' THEN
        PERFORM countersign.refuse('CS003', 'verifier must be a SCRAM-SHA-256 secret');
    END IF;
    PERFORM countersign.check_login(login, countersign.group_role(client.kind));
    BEGIN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', login, verifier);
    EXCEPTION
        WHEN undefined_object THEN
            PERFORM countersign.refuse('CS003', format(
                'the server has no login %I, which `countersign doctor` tells how to make', login));
        WHEN insufficient_privilege THEN
            PERFORM countersign.refuse('CS003', format(
                'login %I was made by somebody else than the owner of this database: a superuser changes its password',
                login));
    END;
    PERFORM countersign.audit(client.kind || '.password_changed',
        jsonb_build_object('name', client.name, 'login', login), client.portal_id, client.app_id);
END
$$;

-- Takes a login that is no portal's and no app's any more out of its group, and returns true; false when another
-- database uses the group, too, so that the login may be that one's.
CREATE OR REPLACE FUNCTION countersign.release_login(login text, group_role text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM countersign.other_databases(group_role)) THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login) THEN
        EXECUTE format('REVOKE %I FROM %I', group_role, login);
    END IF;
    RETURN true;
END
$$;

-- What goes with a portal. Refuses (CS003) one that is enabled or has open requests.
CREATE OR REPLACE FUNCTION countersign.portal_belongings(portal integer)
RETURNS TABLE (callbacks bigint, credentials bigint, webhooks bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_portal countersign.portals%ROWTYPE;
    unfinished bigint;
BEGIN
    SELECT * INTO of_portal FROM countersign.portals p WHERE p.portal_id = portal;
    IF of_portal.enabled THEN
        PERFORM countersign.refuse('CS003', format(
            'portal %1$s is enabled: nobody signs in there any more after `countersign portal disable %1$s`, and then '
            'it can be removed', of_portal.name));
    END IF;
    SELECT count(*) INTO unfinished FROM (
        SELECT FROM countersign.auth_requests r WHERE r.open_until IS NOT NULL AND r.portal_id = portal LIMIT 10001) o;
    IF unfinished > 0 THEN
        PERFORM countersign.refuse('CS003', format(
            'portal %s has %s: they end within 10 minutes, while a worker runs', of_portal.name,
            CASE unfinished WHEN 1 THEN 'an open request' WHEN 10001 THEN 'more than 10,000 open requests'
                      ELSE unfinished || ' open requests' END));
    END IF;
    RETURN QUERY SELECT
        (SELECT count(*) FROM countersign.callback_urls c WHERE c.portal_id = portal),
        (SELECT count(*) FROM countersign.portal_credentials c WHERE c.portal_id = portal),
        (SELECT count(*) FROM countersign.dispatch_queue q WHERE q.portal_id = portal);
END
$$;

-- Removes a portal with what portal_belongings() tells; its requests and events stay. Webhooks that wait are given up.
CREATE OR REPLACE FUNCTION countersign.remove_portal(portal integer) RETURNS TABLE (login text, is_free boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM countersign.portals p WHERE p.portal_id = portal FOR UPDATE;
    PERFORM countersign.portal_belongings(portal);
    WITH given_up AS (
        DELETE FROM countersign.dispatch_queue q WHERE q.portal_id = portal RETURNING q.transaction_id
    )
    UPDATE countersign.webhook_deliveries d SET status = 'dead', finished_at = clock_timestamp()
        FROM given_up g WHERE d.transaction_id = g.transaction_id AND d.status = 'pending';
    DELETE FROM countersign.dead_deliveries d WHERE d.portal_id = portal;
    DELETE FROM countersign.webhook_endpoint_counts c WHERE c.portal_id = portal;
    DELETE FROM countersign.known_browsers k WHERE k.portal_id = portal;
    DELETE FROM countersign.portals p WHERE p.portal_id = portal RETURNING p.login INTO login;
    is_free := countersign.release_login(login, countersign.group_role('portal'));
    RETURN NEXT;
END
$$;

-- Removes an app that is disabled. Refuses (CS003) one with enrollments that were ever good: their keys prove what was
-- answered. Those that were rejected go with it.
CREATE OR REPLACE FUNCTION countersign.remove_app(app integer) RETURNS TABLE (login text, is_free boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM countersign.apps a WHERE a.app_id = app FOR UPDATE;
    PERFORM countersign.app_belongings(app);
    DELETE FROM countersign.enrollments e WHERE e.app_id = app;
    DELETE FROM countersign.apps a WHERE a.app_id = app RETURNING a.login INTO login;
    is_free := countersign.release_login(login, countersign.group_role('app'));
    RETURN NEXT;
END
$$;

-- What goes with an app: rejected enrollments.
CREATE OR REPLACE FUNCTION countersign.app_belongings(app integer) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    of_app countersign.apps%ROWTYPE;
    kept bigint;
BEGIN
    SELECT * INTO of_app FROM countersign.apps a WHERE a.app_id = app;
    IF of_app.enabled THEN
        PERFORM countersign.refuse('CS003', format(
            'app %1$s is enabled: none of its devices answers any more after `countersign app disable %1$s`, and then '
            'it can be removed', of_app.name));
    END IF;
    SELECT count(*) INTO kept FROM countersign.enrollments e WHERE e.app_id = app AND e.status <> 'rejected';
    IF kept > 0 THEN
        PERFORM countersign.refuse('CS003', format(
            'app %s has %s, whose keys prove what was answered: it stays, disabled', of_app.name,
            CASE kept WHEN 1 THEN 'an enrollment' ELSE kept || ' enrollments' END));
    ELSIF EXISTS (SELECT FROM countersign.validate_queue q WHERE q.app_id = app) THEN
        PERFORM countersign.refuse('CS003', format(
            'app %s has submissions that wait: a worker rejects them within seconds', of_app.name));
    END IF;
    RETURN (SELECT count(*) FROM countersign.enrollments e WHERE e.app_id = app);
END
$$;
