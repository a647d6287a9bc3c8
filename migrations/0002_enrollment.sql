-- Enrollment by exchange of OpenPGP keys, and submissions that prove who answered: the server's key pairs, what is
-- known of a device's key, evidence in the audit trail, and the rules of signatures where the database keeps them.
-- minimum-binary: 2
--
-- Program 1 must not work on this schema: it would activate enrollments whose keys nobody has looked at and that
-- got none of the server's, and, once signatures are required, refuse every submission. It drains when it sees the
-- schema; what is queued waits for the first worker of program 2.

---------------------------------------------------------------------------------------------------------
-- The server's key pairs: one for each enrollment, or a shared one.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.server_keys (
    server_key_id  uuid PRIMARY KEY,  -- made by the worker, because what it seals is bound to it
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at     timestamptz,       -- of a shared pair: when it was rotated; its enrollments go on using it
    shared         boolean NOT NULL DEFAULT false,
    fingerprint    text NOT NULL,
    public_key     text NOT NULL,     -- armored
    secret_key     bytea,             -- sealed; forgotten with the last enrollment that could use it
    CONSTRAINT server_keys_forgotten CHECK (secret_key IS NOT NULL OR NOT shared)
) WITH (toast_tuple_target = 4080);   -- a row has 1.5 to 2.5 KB of what cannot be compressed: keep it in one place
-- One shared pair at a time, whichever worker needs it first.
CREATE UNIQUE INDEX server_keys_current ON countersign.server_keys ((true)) WHERE shared AND retired_at IS NULL;
-- Which master keys are in use is looked up at each worker's start, by skipping through this index.
CREATE INDEX server_keys_sealed ON countersign.server_keys (substring(secret_key FROM 1 FOR 5), server_key_id)
    WHERE secret_key IS NOT NULL;

-- server_public_key stood in the enrollment itself, empty so far; a shared pair is stored once.
ALTER TABLE countersign.enrollments
    ADD COLUMN server_key_id uuid REFERENCES countersign.server_keys,
    ADD COLUMN key_fingerprint text;  -- of the device's key, once the enroll stage has found it good
CREATE OR REPLACE VIEW countersign.enrollment_results WITH (security_barrier) AS
SELECT e.enrollment_id, e.user_id, e.device_id, e.status, e.reason,
       (SELECT k.public_key FROM countersign.server_keys k
        WHERE k.server_key_id = e.server_key_id) AS server_public_key, e.key_fingerprint
FROM countersign.enrollments e
WHERE e.app_id = (SELECT countersign.current_app());
ALTER TABLE countersign.enrollments DROP COLUMN server_public_key;

-- Signatures are required from now on, except where that would lock somebody out: enrollments of program 1 have no
-- key that was ever looked at. Such an installation goes on as it was, until its operator switches it on.
ALTER TABLE countersign.settings ALTER COLUMN signature_required SET DEFAULT true;
UPDATE countersign.settings SET signature_required = true
WHERE NOT EXISTS (SELECT FROM countersign.enrollments WHERE status IN ('pending', 'active'));

-- `countersign events` by user or by transaction, over 400 days.
CREATE INDEX events_user ON countersign.events (user_id, event_id) WHERE user_id IS NOT NULL;
CREATE INDEX events_transaction ON countersign.events (transaction_id) WHERE transaction_id IS NOT NULL;

---------------------------------------------------------------------------------------------------------
-- What apps insert
---------------------------------------------------------------------------------------------------------

-- As in 0001; and a secret key, sent by mistake, is neither stored nor named in an error, which the server would
-- log with the statement's literals: the enrollment becomes a rejected one.
CREATE OR REPLACE FUNCTION countersign.check_enrollment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known record;
BEGIN
    SELECT s.enrollment_enabled, s.signature_required, a.app_id, a.enabled INTO known
        FROM countersign.settings s
        LEFT JOIN countersign.apps a ON a.app_id = coalesce(NEW.app_id, (SELECT countersign.current_app()));
    IF NOT known.enrollment_enabled THEN
        PERFORM countersign.refuse('CS007', 'enrollment is disabled');
    ELSIF known.app_id IS NULL THEN
        PERFORM countersign.refuse('CS008', format('login %s belongs to no app', session_user));
    ELSIF NOT known.enabled THEN
        PERFORM countersign.refuse('CS008', 'this app is disabled');
    ELSIF coalesce(NEW.user_id, '') = '' THEN
        PERFORM countersign.refuse('CS003', 'user_id is missing; 1 to 255 characters are allowed');
    ELSIF coalesce(NEW.device_id, '') = '' THEN
        PERFORM countersign.refuse('CS003', 'device_id is missing; 1 to 255 characters are allowed');
    ELSIF NEW.public_key IS NULL AND known.signature_required THEN
        PERFORM countersign.refuse('CS003', 'public_key is missing; an armored OpenPGP public key is required');
    ELSIF octet_length(NEW.public_key) > 16384 THEN
        PERFORM countersign.refuse('CS003', 'public_key is longer than 16,384 bytes');
    END IF;
    PERFORM countersign.check_text('user_id', NEW.user_id, 255);
    PERFORM countersign.check_text('device_id', NEW.device_id, 255);
    PERFORM countersign.check_text('device_name', NEW.device_name, 255);
    PERFORM countersign.check_text('platform', NEW.platform, 64);
    NEW.app_id := known.app_id;
    NEW.status := 'pending';
    IF strpos(NEW.public_key, 'PRIVATE KEY') > 0 THEN
        NEW.public_key := NULL;
        NEW.status := 'rejected';
        NEW.reason := 'public_key holds a private key: make a new key pair and send its public key only';
        PERFORM countersign.tell_apps(ARRAY[NEW.app_id], ARRAY[NEW.enrollment_id], ARRAY['rejected']);
    END IF;
    RETURN NEW;
END
$$;

-- As in 0001; and a signature that is no armor is kept as an empty one, which is invalid: what stands there by
-- mistake may be a code.
CREATE OR REPLACE FUNCTION countersign.take_submission() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    code bytea;
    well_formed boolean;
BEGIN
    NEW.app_id := coalesce(NEW.app_id, countersign.current_app());
    IF NEW.app_id IS NULL THEN
        -- not content: this login may not submit at all; the code stays out of the message
        PERFORM countersign.refuse('CS008', format('login %s belongs to no app', session_user));
    END IF;
    NEW.submitted_at := clock_timestamp();
    NEW.status := 'pending';

    -- Lengths come first: a regular expression fails on a text of more than 256 MiB.
    IF (CASE WHEN octet_length(NEW.otp) = 64 THEN NEW.otp ~ '^[A-Za-z0-9_-]{64}$' END) THEN
        code := decode(translate(NEW.otp, '-_', '+/'), 'base64');
        NEW.transaction_id := encode(substring(code FOR 16), 'hex')::uuid;
        NEW.secret_digest := sha256(substring(code FROM 17));
    END IF;
    NEW.otp := NULL;
    IF (CASE WHEN octet_length(NEW.enrollment_id) = 36
             THEN NEW.enrollment_id ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' END) THEN
        NEW.enrollment := NEW.enrollment_id::uuid;
    END IF;
    IF (CASE WHEN octet_length(NEW.signed_at) = 20
             THEN NEW.signed_at ~ ('^20[0-9]{2}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])'
                                   'T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$') END) THEN
        BEGIN
            NEW.signed_time := NEW.signed_at::timestamptz;
        EXCEPTION WHEN data_exception THEN
            NULL;  -- 30 February
        END;
    END IF;

    well_formed := NEW.transaction_id IS NOT NULL AND NEW.enrollment IS NOT NULL
        AND NEW.action IS NOT NULL AND NEW.action IN ('scan', 'accept', 'deny')
        AND (NEW.signed_at IS NULL OR NEW.signed_time IS NOT NULL)
        AND CASE WHEN octet_length(NEW.prompt_digest) > 64 THEN false
                 ELSE coalesce(NEW.prompt_digest ~ '^([0-9a-f]{64}|-)$', true) END
        AND (NEW.signature IS NULL OR octet_length(NEW.signature) <= 16384);
    IF well_formed THEN
        IF NOT starts_with(ltrim(NEW.signature, E' \t\r\n'), '-----BEGIN PGP SIGNATURE-----') THEN
            NEW.signature := '';
        END IF;
        INSERT INTO countersign.validate_queue (app_id, submission_id) VALUES (NEW.app_id, NEW.submission_id);
        RETURN NEW;
    END IF;

    -- Nothing of a malformed submission is kept but what was understood: a code may stand in the wrong column.
    NEW.status := 'rejected';
    NEW.reason := 'malformed';
    NEW.resolved_at := NEW.submitted_at;
    NEW.enrollment_id := NEW.enrollment::text;
    NEW.action := CASE WHEN NEW.action IN ('scan', 'accept', 'deny') THEN NEW.action END;
    NEW.signed_at := CASE WHEN NEW.signed_time IS NOT NULL THEN NEW.signed_at END;
    NEW.prompt_digest := NULL;
    NEW.signature := NULL;
    PERFORM countersign.tell_apps(ARRAY[NEW.app_id], ARRAY[NEW.submission_id], ARRAY['rejected']);
    RETURN NEW;
END
$$;

---------------------------------------------------------------------------------------------------------
-- The end of requests
---------------------------------------------------------------------------------------------------------

-- As in 0001; and
--   * whoever is revoked while his answer is being verified comes too late;
--   * the event of a signed answer keeps the evidence, with which anybody can settle a dispute by OpenPGP alone:
--     the lines that were signed, the signature, the certificate that was enrolled, and the prompt whose digest
--     was signed. No code and no secret; of the secret its digest.
CREATE OR REPLACE FUNCTION countersign.end_requests(
    ids uuid[], ends text[], enrollment_ids uuid[] DEFAULT NULL, submission_ids uuid[] DEFAULT NULL,
    verified boolean[] DEFAULT NULL, fingerprints text[] DEFAULT NULL
) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    ended_ids uuid[];
    ended_portals integer[];
    ended_statuses text[];
BEGIN
    WITH ended AS (
        UPDATE countersign.auth_requests r
        SET status = g.ended, open_until = NULL, open_scan_by = NULL, resolved_at = clock_timestamp(),
            enrollment_id = coalesce(g.enrollment_id, r.enrollment_id),
            app_id = coalesce(e.app_id, r.app_id),
            user_id = CASE WHEN g.ended = 'authenticated' THEN e.user_id END,
            device_id = CASE WHEN g.ended = 'authenticated' THEN e.device_id END,
            signature_verified = g.verified, signature = s.signature, signer_fingerprint = g.fingerprint
        FROM unnest(ids, ends, enrollment_ids, submission_ids, verified, fingerprints)
                 AS g (id, ended, enrollment_id, submission_id, verified, fingerprint)
             LEFT JOIN countersign.enrollments e ON e.enrollment_id = g.enrollment_id
             LEFT JOIN countersign.submissions s ON s.submission_id = g.submission_id
        WHERE r.transaction_id = g.id AND r.open_until IS NOT NULL
          AND (g.ended NOT IN ('authenticated', 'denied')
               OR (clock_timestamp() < r.expires_at AND e.status IS DISTINCT FROM 'revoked'))
          AND (g.ended <> 'expired' OR clock_timestamp() >= r.expires_at
               OR NOT (SELECT mobile_authentication_enabled FROM countersign.settings))
        RETURNING r.transaction_id, r.portal_id, r.app_id, r.enrollment_id, r.status, r.callback_uri,
                  r.requested_at, r.resolved_at, r.auth_type, r.reference, r.ip_address, r.user_agent,
                  r.signature_verified, r.signer_fingerprint, e.user_id AS answered_by,
                  CASE WHEN g.verified THEN jsonb_build_object(
                      'signed', concat_ws(E'\n', 'countersign-v1', s.action, r.transaction_id,
                                          encode(s.secret_digest, 'hex'), s.enrollment, s.signed_at,
                                          coalesce(s.prompt_digest, '-'), ''),
                      'signature', s.signature, 'certificate', e.public_key, 'prompt', r.prompt)
                  END AS evidence
    ), deliveries AS (
        INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, portal_id, request_status,
                                                    callback_uri)
        SELECT transaction_id, resolved_at, portal_id, status, callback_uri FROM ended
    ), queued AS (
        INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id,
                                                request_status, callback_uri)
        SELECT transaction_id, resolved_at, resolved_at, portal_id, status, callback_uri FROM ended
    ), audited AS (
        INSERT INTO countersign.events (transaction_id, enrollment_id, portal_id, app_id, type, user_id, details)
        SELECT transaction_id, enrollment_id, portal_id, app_id, 'request.' || status, answered_by,
               jsonb_strip_nulls(jsonb_build_object(
                   'requested_at', requested_at, 'auth_type', auth_type, 'reference', reference,
                   'ip_address', ip_address, 'user_agent', user_agent,
                   'signature_verified', signature_verified, 'signer_fingerprint', signer_fingerprint,
                   'evidence', evidence))
        FROM ended
    ), forgotten AS (
        DELETE FROM countersign.otp_secrets
        WHERE transaction_id IN (SELECT o.transaction_id FROM countersign.otp_secrets o
                                 WHERE o.transaction_id IN (SELECT ended.transaction_id FROM ended)
                                 FOR UPDATE SKIP LOCKED)
    )
    SELECT array_agg(transaction_id), array_agg(portal_id), array_agg(status)
        INTO ended_ids, ended_portals, ended_statuses FROM ended;
    IF ended_ids IS NOT NULL THEN
        PERFORM countersign.tell_portals(ended_portals, ended_ids, ended_statuses);
        PERFORM countersign.ring('dispatch');
    END IF;
    RETURN QUERY SELECT unnest(ended_ids);
END
$$;

---------------------------------------------------------------------------------------------------------
-- Revoking
---------------------------------------------------------------------------------------------------------

-- Revokes an enrollment at once, also for requests that it has scanned already; true if it could still answer or
-- was waiting to. An administrator revokes any, the gateway those of the app it speaks for. Apps cannot call it
-- themselves: one that idled in its transaction would hold a row that workers must not wait for.
CREATE FUNCTION countersign.revoke_enrollment(enrollment_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    app integer := countersign.current_app();
    revoked countersign.enrollments%ROWTYPE;
BEGIN
    SELECT * INTO revoked FROM countersign.enrollments e
        WHERE e.enrollment_id = revoke_enrollment.enrollment_id
          AND (e.app_id = app OR pg_has_role(session_user, 'countersign_admin', 'MEMBER')
               OR pg_has_role(session_user, current_user, 'MEMBER')) FOR UPDATE;  -- the owner
    IF NOT FOUND THEN
        PERFORM countersign.refuse('CS003', 'enrollment_id is not that of an enrollment of this app');
    ELSIF revoked.status NOT IN ('pending', 'active') THEN
        RETURN false;
    END IF;
    UPDATE countersign.enrollments e
        SET status = 'revoked', revoked_at = clock_timestamp(),
            reason = CASE WHEN app IS NULL THEN 'revoked by an operator' ELSE 'revoked by the app' END
        WHERE e.enrollment_id = revoked.enrollment_id;
    UPDATE countersign.server_keys k SET secret_key = NULL
        WHERE k.server_key_id = revoked.server_key_id AND NOT k.shared;
    INSERT INTO countersign.events (enrollment_id, app_id, user_id, type, details)
        VALUES (revoked.enrollment_id, revoked.app_id, revoked.user_id, 'enrollment.revoked',
                jsonb_strip_nulls(jsonb_build_object('key_fingerprint', revoked.key_fingerprint)));
    PERFORM countersign.tell_apps(ARRAY[revoked.app_id], ARRAY[revoked.enrollment_id], ARRAY['revoked']);
    RETURN true;
END
$$;

---------------------------------------------------------------------------------------------------------
-- Grants
---------------------------------------------------------------------------------------------------------
REVOKE ALL ON FUNCTION countersign.revoke_enrollment(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION countersign.revoke_enrollment(uuid) TO countersign_gateway, countersign_admin;
GRANT SELECT, INSERT, UPDATE (secret_key) ON countersign.server_keys TO countersign_worker;
-- the sealed secret for `key reseal`
GRANT SELECT, UPDATE (secret_key, retired_at) ON countersign.server_keys TO countersign_admin;
GRANT SELECT (server_key_id, key_fingerprint) ON countersign.enrollments TO countersign_admin;
