-- What portals and apps may ask over HTTP and not in SQL. The gateway gets these functions, never the tables.

-- Whose client ids these are, and what their secrets must fit. No row for an unknown one.
CREATE OR REPLACE FUNCTION countersign.find_credentials(client_ids text[])
RETURNS TABLE (client_id text, portal text, channel text, enabled boolean, secret_hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT c.client_id, p.name, p.channel, p.enabled, c.secret_hash
        FROM countersign.portal_credentials c JOIN countersign.portals p USING (portal_id)
        WHERE c.client_id = ANY (client_ids);
END
$$;

-- The authentication types with which that user can be signed in: all of them, if one of his devices (or that
-- device) is enrolled and nothing is switched off. Apps are few; each is one look into enrollments_active.
CREATE OR REPLACE FUNCTION countersign.enabled_types(user_id text, device_id text DEFAULT NULL)
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
CREATE OR REPLACE FUNCTION countersign.signer_public_key(transaction_id uuid) RETURNS text
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
CREATE OR REPLACE FUNCTION countersign.own_enrollments(user_id text)
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

-- Revokes one of the user's own enrollments; true when there is such a one, revoked now or before.
CREATE OR REPLACE FUNCTION countersign.revoke_own_enrollment(enrollment_id uuid, user_id text) RETURNS boolean
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
CREATE OR REPLACE FUNCTION countersign.repeated_submission(
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
