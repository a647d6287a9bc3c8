-- What the HTTP side needs beside the SQL contract: credentials of portals, and a few questions that a portal
-- or an app may ask over HTTP and not in SQL. The gateway gets functions for them, never the tables.
-- minimum-binary: 2

-- Client ids and secrets of portals, for HTTP Basic or form authentication. Several may stand side by side
-- while a portal changes from one to the next.
CREATE TABLE countersign.portal_credentials (
    portal_id    integer NOT NULL REFERENCES countersign.portals ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    client_id    text PRIMARY KEY
                 CONSTRAINT portal_credentials_form CHECK (client_id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    secret_hash  text NOT NULL  -- scrypt, see SecretHash: the secret itself is nowhere
);

-- Whose client id that is, and what its secret must fit. No row for an unknown one.
CREATE FUNCTION countersign.portal_credential(client_id text)
RETURNS TABLE (portal text, channel text, enabled boolean, secret_hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT p.name, p.channel, p.enabled, c.secret_hash
        FROM countersign.portal_credentials c JOIN countersign.portals p USING (portal_id)
        WHERE c.client_id = portal_credential.client_id;
END
$$;

-- The authentication types with which that user can be signed in: all of them, if one of his devices (or that
-- device) is enrolled and nothing is switched off. Apps are few; each is one look into enrollments_active.
CREATE FUNCTION countersign.enabled_types(user_id text, device_id text DEFAULT NULL)
RETURNS TABLE (name text, method text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF countersign.current_portal() IS NULL THEN
        PERFORM countersign.refuse('CS008', format('login %s belongs to no portal', session_user));
    ELSIF NOT (SELECT s.mobile_authentication_enabled FROM countersign.settings s) THEN
        PERFORM countersign.refuse('CS001', 'mobile authentication is disabled');
    END IF;
    RETURN QUERY
        SELECT t.name, t.method FROM countersign.auth_types t
        WHERE (SELECT s.enrollment_enabled FROM countersign.settings s)
          AND EXISTS (SELECT FROM countersign.apps a CROSS JOIN LATERAL
                          (SELECT FROM countersign.enrollments e
                           WHERE e.app_id = a.app_id AND e.user_id = enabled_types.user_id AND e.status = 'active'
                             AND (enabled_types.device_id IS NULL OR e.device_id = enabled_types.device_id)
                           LIMIT 1) active
                      WHERE a.enabled)
        ORDER BY t.name;
END
$$;

-- The public key of the device that authenticated the portal's own request. NULL when none did, or it has none.
CREATE FUNCTION countersign.signer_public_key(transaction_id uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN (SELECT e.public_key FROM countersign.auth_requests r
            JOIN countersign.enrollments e ON e.enrollment_id = r.enrollment_id
            WHERE r.transaction_id = signer_public_key.transaction_id AND r.status = 'authenticated'
              AND r.signature IS NOT NULL AND r.portal_id = countersign.current_portal());
END
$$;

-- A user's own enrollments in the app, newest first. Those that were rejected or revoked stay in the list for
-- as long as they exist, so that an app can say why a phone no longer works.
CREATE FUNCTION countersign.own_enrollments(user_id text)
RETURNS TABLE (enrollment_id uuid, device_id text, device_name text, platform text, status text, reason text,
               server_public_key text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT e.enrollment_id, e.device_id, e.device_name, e.platform, e.status, e.reason, k.public_key,
               e.created_at
        FROM countersign.enrollments e LEFT JOIN countersign.server_keys k USING (server_key_id)
        WHERE e.app_id = countersign.current_app() AND e.user_id = own_enrollments.user_id
        ORDER BY e.enrollment_id DESC LIMIT 100;
END
$$;
-- Finds all of a user's enrollments; enrollments_active has the active ones only.
CREATE INDEX enrollments_user ON countersign.enrollments (app_id, user_id, enrollment_id);

-- Revokes one of the user's own enrollments; true when there is such a one, revoked now or before.
CREATE FUNCTION countersign.revoke_own_enrollment(enrollment_id uuid, user_id text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM countersign.enrollments e
                   WHERE e.enrollment_id = revoke_own_enrollment.enrollment_id
                     AND e.app_id = countersign.current_app() AND e.user_id = revoke_own_enrollment.user_id) THEN
        RETURN false;
    END IF;
    PERFORM countersign.revoke_enrollment(enrollment_id);
    RETURN true;
END
$$;

-- Whether this enrollment has had this very answer accepted before: a row with the prompt it was shown. The
-- request itself is the evidence: it names who scanned and answered, and keeps the accepted signature, which
-- covers all that was signed. Only the holder of the code can ask, so nothing is told that he does not know.
CREATE FUNCTION countersign.repeated_submission(
    enrollment_id uuid, transaction_id uuid, secret_digest bytea, action text, signature text
) RETURNS TABLE (prompt text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY
        SELECT r.prompt FROM countersign.auth_requests r
        JOIN countersign.enrollments e ON e.enrollment_id = r.enrollment_id
        WHERE r.transaction_id = repeated_submission.transaction_id
          AND r.secret_digest = repeated_submission.secret_digest
          AND r.enrollment_id = repeated_submission.enrollment_id
          AND e.app_id = countersign.current_app()
          AND CASE repeated_submission.action
                  WHEN 'scan' THEN r.scanned_at IS NOT NULL
                  WHEN 'accept' THEN r.status = 'authenticated'
                                     AND r.signature IS NOT DISTINCT FROM repeated_submission.signature
                  WHEN 'deny' THEN r.status = 'denied'
                                   AND r.signature IS NOT DISTINCT FROM repeated_submission.signature
                  ELSE false END;
END
$$;

REVOKE ALL ON countersign.portal_credentials FROM PUBLIC;
REVOKE ALL ON FUNCTION countersign.portal_credential(text), countersign.enabled_types(text, text),
    countersign.signer_public_key(uuid), countersign.own_enrollments(text),
    countersign.revoke_own_enrollment(uuid, text),
    countersign.repeated_submission(uuid, uuid, bytea, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION countersign.portal_credential(text), countersign.enabled_types(text, text),
    countersign.signer_public_key(uuid), countersign.own_enrollments(text),
    countersign.revoke_own_enrollment(uuid, text),
    countersign.repeated_submission(uuid, uuid, bytea, text, text) TO countersign_gateway;
GRANT SELECT (portal_id, created_at, client_id), INSERT, DELETE, UPDATE (secret_hash)
    ON countersign.portal_credentials TO countersign_admin;
-- A gateway refuses to start on a schema that it does not fit, and looks again while it runs.
GRANT SELECT ON countersign.schema_migrations TO countersign_gateway;
