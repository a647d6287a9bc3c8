-- The end of requests: one place for every end, whoever brings it about.
-- after: browsers, links, results, sources

-- Ends those of the given requests that are still open, each at most once, and returns them. In the same
-- transaction: the webhook delivery (outbox) where there is to be one, the audit event, the removal of an uncollected code, the
-- notifications. An answer counts only before expires_at and an expiry only after it, tested here and now; whoever
-- is revoked while his answer is being verified comes too late.
-- Of a request that was open when history had gone back nobody knows whether it was answered: it cannot be answered any
-- more, and its webhook waits and has an id of its own, for under the other its portal may have been told another end.
-- Workers call it for rows that they hold already, so it waits for nobody; codes that a portal is collecting
-- at this moment are left to housekeep, because collect_otp looks at the request, too.
-- Requests and submissions of these hours are looked for among few days (see is_recent()), and what lies outside, in
-- the same statement's eyes, is given to a function that is the same without bounds.
-- The event of a signed answer keeps the evidence, with which anybody can settle a dispute by OpenPGP alone: what the
-- lines that were signed are made of again by event_details(), the signature, the prompt whose digest was signed, and the
-- SHA-256 of the certificate, which its enrollment keeps: in the event itself it was 770 of 2,700 bytes, and had the server
-- compress each. No code and no secret; of the secret its digest.
-- What the event has of the visitor, and the prompt beside a signature, go out of the request: together they were 187 bytes.
-- The signatures are those of the answers, as KeptSignature has them; of one that has waited for its confirmation its
-- submission keeps it.
CREATE OR REPLACE FUNCTION countersign.end_requests(
    ids uuid[], ends text[], enrollment_ids uuid[] DEFAULT NULL, submission_ids uuid[] DEFAULT NULL,
    verified boolean[] DEFAULT NULL, fingerprints text[] DEFAULT NULL, countries text[] DEFAULT NULL,
    signatures bytea[] DEFAULT NULL
) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
DECLARE
    ended_ids uuid[];
    older integer[];
    with_browsers uuid[];
    denied jsonb[];
    told boolean;
BEGIN
    WITH given AS MATERIALIZED (
        SELECT g.*, countersign.is_recent(g.id) AND coalesce(countersign.is_recent(g.submission_id), true) AS is_recent
        FROM unnest(ids, ends, enrollment_ids, submission_ids, verified, fingerprints, countries, signatures)
                 WITH ORDINALITY
                 AS g (id, ended, enrollment_id, submission_id, verified, fingerprint, country, signature, place)
    ), ended AS (
        UPDATE countersign.auth_requests r
        SET status = g.ended, open_until = NULL, open_scan_by = NULL, resolved_at = clock_timestamp(),
            secure_message = NULL,  -- the app has it, encrypted, and nobody else needs it any more
            ip_address = NULL, user_agent = NULL,  -- which the audit trail has
            enrollment_id = coalesce(g.enrollment_id, r.enrollment_id),
            app_id = coalesce(e.app_id, r.app_id),
            user_id = CASE WHEN g.ended IN ('authenticated', 'denied') THEN e.user_id END,
            device_id = CASE WHEN g.ended = 'authenticated' THEN e.device_id END,
            signature_verified = g.verified, signature = coalesce(g.signature, s.kept_signature),
            prompt = CASE WHEN (g.verified AND num_nonnulls(g.signature, s.kept_signature) > 0) IS NOT TRUE
                          THEN r.prompt END,
            signer_fingerprint = g.fingerprint,
            link_answer_id = CASE WHEN g.ended = 'authenticated' AND s.channel = 'link' THEN s.submission_id END,
            redeem_once = CASE WHEN g.ended = 'authenticated' AND s.channel = 'link' THEN true ELSE r.redeem_once END,
            network_match = CASE WHEN r.same_network IS NOT NULL AND g.submission_id IS NOT NULL
                                 THEN CASE WHEN s.ip_address IS NULL AND r.network_match IS NOT NULL THEN r.network_match
                                      ELSE countersign.network_match(r.ip_address, s.ip_address) END END,
            country_match = CASE WHEN r.same_country IS NOT NULL AND g.submission_id IS NOT NULL
                                 THEN coalesce(g.country, r.country_match, 'unknown') END,
            deny_reason = CASE g.ended WHEN 'denied' THEN s.deny_reason END,
            browser_known = CASE WHEN r.browser_id IS NOT NULL AND g.ended = 'authenticated'
                                 THEN coalesce(r.browser_known, countersign.browser_used_at(
                                     e.app_id, e.user_id, r.portal_id, r.browser_id) IS NOT NULL) END
        FROM given g
             -- As it was: RETURNING has nothing else before PostgreSQL 18.
             JOIN countersign.auth_requests o ON o.transaction_id = g.id AND countersign.is_recent(o.transaction_id)
             LEFT JOIN countersign.enrollments e ON e.enrollment_id = g.enrollment_id
             LEFT JOIN countersign.submissions s ON s.submission_id = g.submission_id
                 AND countersign.is_recent(s.submission_id)
        WHERE g.is_recent AND r.transaction_id = g.id AND r.resolved_at IS NULL
          AND countersign.is_recent(r.transaction_id)
          AND (g.ended NOT IN ('authenticated', 'denied')
               OR (clock_timestamp() < r.expires_at AND e.status IS DISTINCT FROM 'revoked'
                   AND r.transaction_id > (SELECT suspect_until FROM countersign.epoch)))
          AND (g.ended <> 'expired' OR clock_timestamp() >= r.expires_at
               OR NOT (SELECT mobile_authentication_enabled FROM countersign.settings))
        RETURNING r.transaction_id, r.portal_id, r.app_id, r.enrollment_id, r.status, r.callback_uri,
                  r.requested_at, r.resolved_at, r.auth_type, r.reference, o.ip_address, o.user_agent,
                  r.signature_verified, r.signer_fingerprint, r.confirm_tries, r.browser_known,
                  r.deny_reason, r.network_match, r.country_match,
                  s.ip_address AS device_address, s.user_agent AS device_agent, e.user_id AS answered_by,
                  s.signed_time, s.secret_digest, CASE WHEN g.verified THEN r.signature END AS signature, o.prompt,
                  CASE WHEN g.verified THEN sha256(convert_to(e.public_key, 'UTF8')) END AS certificate_sha256,
                  CASE WHEN r.transaction_id <= (SELECT suspect_until FROM countersign.epoch)
                       THEN (SELECT number FROM countersign.epoch) END AS epoch,
                  CASE WHEN r.callback_uri IS NOT NULL
                       THEN (SELECT r.status = ANY (p.notify_on) FROM countersign.portals p
                             WHERE p.portal_id = r.portal_id) END AS calls_back
    ), deliveries AS (
        INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, portal_id, request_status,
                                                    callback_uri, epoch)
        SELECT transaction_id, resolved_at, portal_id, status, callback_uri, epoch FROM ended WHERE calls_back
    ), queued AS (
        INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id,
                                                request_status, callback_uri, epoch)
        SELECT transaction_id,
               CASE WHEN epoch IS NOT NULL AND (SELECT is_held FROM countersign.epoch)
                    THEN countersign.held() ELSE resolved_at END,
               resolved_at, portal_id, status, callback_uri, epoch FROM ended WHERE calls_back
    ), audited AS (
        INSERT INTO countersign.events (transaction_id, enrollment_id, portal_id, app_id, type, user_id, requested_at,
                                        signer_fingerprint, signature, signed_at, secret_digest, certificate_sha256,
                                        prompt, auth_type, reference, ip_address, user_agent, device_address,
                                        device_agent, details)
        SELECT transaction_id, enrollment_id, portal_id, app_id, 'request.' || status, answered_by, requested_at,
               decode(signer_fingerprint, 'hex'), signature, CASE WHEN signature IS NOT NULL THEN signed_time END,
               CASE WHEN signature IS NOT NULL THEN secret_digest END, certificate_sha256,
               CASE WHEN signature IS NOT NULL THEN prompt END,
               auth_type, reference, ip_address, user_agent, device_address, device_agent,
               jsonb_strip_nulls(jsonb_build_object(
                   'epoch', epoch, 'signature_verified', CASE WHEN signature IS NULL THEN signature_verified END,
                   'wrong_confirmations', confirm_tries, 'browser_known', browser_known, 'deny_reason', deny_reason,
                   'network_match', network_match, 'country_match', country_match))
        FROM ended
    ), forgotten AS (
        -- By arrays and not by joins: of a table that was analysed while it was empty so few rows are expected that each code
        -- was compared with each row of `ended`, and a batch of 500 took 47 ms in place of 22.
        DELETE FROM countersign.otp_secrets
        WHERE ctid = ANY (ARRAY(SELECT o.ctid FROM countersign.otp_secrets o
                                WHERE o.transaction_id = ANY (ARRAY(SELECT ended.transaction_id FROM ended))
                                FOR UPDATE SKIP LOCKED))
    )
    -- Who is to be told is told here: two more statements took as long. What is rare comes after.
    SELECT e.ids, e.older, e.with_browsers, e.denied, CASE WHEN e.ids <> '{}' THEN
               (countersign.tell_portals(e.portals, e.ids, e.statuses) IS NULL) = (countersign.ring('dispatch') IS NULL) END
        INTO ended_ids, older, with_browsers, denied, told
        FROM (SELECT ARRAY(SELECT transaction_id FROM ended) AS ids, ARRAY(SELECT portal_id FROM ended) AS portals,
                     ARRAY(SELECT status FROM ended) AS statuses,
                     ARRAY(SELECT place FROM given WHERE NOT is_recent) AS older,
                     ARRAY(SELECT transaction_id FROM ended WHERE browser_known IS NOT NULL) AS with_browsers,
                     ARRAY(SELECT jsonb_build_object(
                               'transaction_id', transaction_id, 'enrollment_id', enrollment_id, 'portal_id', portal_id,
                               'app_id', app_id, 'type', 'request.' || deny_reason, 'user_id', answered_by,
                               'ip_address', ip_address, 'user_agent', user_agent)
                           FROM ended WHERE deny_reason IS NOT NULL) AS denied OFFSET 0) AS e;
    IF with_browsers <> '{}' OR denied <> '{}' THEN
        PERFORM countersign.note_browsers(with_browsers) WHERE with_browsers <> '{}';
        INSERT INTO countersign.events (transaction_id, enrollment_id, portal_id, app_id, type, user_id, ip_address, user_agent)
            SELECT e.* FROM unnest(denied) AS d, jsonb_to_record(d) AS e (
                transaction_id uuid, enrollment_id uuid, portal_id integer, app_id integer, type text, user_id text,
                ip_address text, user_agent text);
    END IF;
    RETURN QUERY SELECT unnest(ended_ids);
    IF older <> '{}' THEN
        RETURN QUERY SELECT o.* FROM (
            SELECT array_agg(ids[place] ORDER BY place) AS ids, array_agg(ends[place] ORDER BY place) AS ends,
                   array_agg(enrollment_ids[place] ORDER BY place) AS enrollments,
                   array_agg(submission_ids[place] ORDER BY place) AS submissions,
                   array_agg(verified[place] ORDER BY place) AS verified,
                   array_agg(fingerprints[place] ORDER BY place) AS fingerprints,
                   array_agg(countries[place] ORDER BY place) AS countries,
                   array_agg(signatures[place] ORDER BY place) AS signatures
            FROM unnest(older) AS place) AS a,
            countersign.end_older_requests(a.ids, a.ends, a.enrollments, a.submissions, a.verified, a.fingerprints,
                                           a.countries, a.signatures) AS o;
    END IF;
END
$$;

-- The same for every id, made from the text of the one above.
DO $$
-- makes function countersign.end_older_requests
BEGIN
    EXECUTE replace(regexp_replace(pg_catalog.pg_get_functiondef('countersign.end_requests'::regproc),
        'countersign\.is_recent\([a-z_.]+\)', 'true', 'g'),
        'FUNCTION countersign.end_requests(', 'FUNCTION countersign.end_older_requests(');
END
$$;

-- Ends the portal's own open request; true if it was still open. The queue row comes first: it is what
-- workers claim, and whoever holds it is never waited for.
CREATE OR REPLACE FUNCTION countersign.cancel_request(transaction_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE := countersign.own_request(transaction_id);
BEGIN
    PERFORM countersign.check_savepoints();
    DELETE FROM countersign.issue_queue q
        WHERE q.portal_id = request.portal_id AND q.transaction_id = request.transaction_id;
    RETURN EXISTS (SELECT FROM countersign.end_requests(ARRAY[request.transaction_id], ARRAY['cancelled']));
END
$$;
COMMENT ON FUNCTION countersign.cancel_request(uuid) IS
    'Ends the portal''s own request as cancelled; true if it was still open. CS006 when there is no such request.';

-- The number that the visitor has read off the phone and typed on the portal's page. Right, and accepted on the phone
-- before: the request is authenticated here and now, by end_requests, which tests all that it tests for a worker. Right,
-- and not accepted yet: the answer will be final. Wrong for the third time: the request has failed, for two digits are
-- guessed soon. Before a scan nobody can know the number, and nothing is counted. The portal's own session holds the
-- row, so two calls at a time are judged one after the other.
CREATE OR REPLACE FUNCTION countersign.confirm_code(transaction_id uuid, code text)
RETURNS SETOF countersign.auth_results
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE := countersign.own_request(transaction_id);
BEGIN
    PERFORM countersign.check_savepoints();
    IF request.confirm_number IS NULL THEN
        PERFORM countersign.refuse('CS003', 'this request asks for no confirmation number');
    ELSIF code IS NULL OR code !~ '^[0-9]{2}$' THEN
        PERFORM countersign.refuse('CS003', 'code must be the two digits that the phone shows');
    END IF;
    -- Only then is there something to decide. Until a scan others take the row in turn, and hold what they do not wait for
    -- themselves: a portal that kept it would have kept the batch that its code is issued in, and everybody's of it.
    SELECT * INTO request FROM countersign.auth_requests r
        WHERE r.transaction_id = confirm_code.transaction_id AND r.status = 'scanned' FOR UPDATE;
    IF request.status = 'scanned' AND request.confirmed_at IS NULL AND clock_timestamp() < request.expires_at THEN
        IF code = request.confirm_number THEN
            UPDATE countersign.auth_requests r SET confirmed_at = clock_timestamp()
                WHERE r.transaction_id = request.transaction_id;
            IF request.answer_id IS NOT NULL THEN
                PERFORM countersign.accept_confirmed(request);
            END IF;
        ELSE
            UPDATE countersign.auth_requests r SET confirm_tries = coalesce(r.confirm_tries, 0) + 1
                WHERE r.transaction_id = request.transaction_id;
            INSERT INTO countersign.events (transaction_id, portal_id, type)
                VALUES (request.transaction_id, request.portal_id, 'request.confirmation_refused');
            IF request.confirm_tries >= 2 THEN
                PERFORM countersign.end_requests(ARRAY[request.transaction_id], ARRAY['failed']);
            END IF;
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM countersign.auth_results a WHERE a.transaction_id = confirm_code.transaction_id;
END
$$;
COMMENT ON FUNCTION countersign.confirm_code(uuid, text) IS
    'Gives the two digits that the visitor has read off the phone, for types that ask for them, and returns the row of '
    'auth_results: only is_authenticated says that somebody has signed in. Three wrong ones end the request as failed. '
    'CS006 when there is no such request, CS003 when it asks for no number or that is not two digits.';

-- Takes the result of a type whose results are taken once, or of a request that was accepted by link: of that with the code
-- that the app gave to the browser in front of the user. The row is held, so that of two callers one waits for the other
-- and gets nothing; a call that is rolled back has taken nothing.
CREATE OR REPLACE FUNCTION countersign.redeem(transaction_id uuid, response_code text DEFAULT NULL)
RETURNS SETOF countersign.auth_results
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE := countersign.own_request(transaction_id);
BEGIN
    PERFORM countersign.check_savepoints();
    IF request.redeem_once IS NULL AND request.allow_link IS NULL THEN
        PERFORM countersign.refuse('CS003', 'results of this authentication type are not redeemed, but read');
    END IF;
    -- A code where none was given is wrong, too: who asks with one believes that somebody has checked it.
    IF response_code IS DISTINCT FROM countersign.response_code(request.link_answer_id) THEN
        -- Told once: whoever sends wrong codes without end must not fill the audit trail.
        INSERT INTO countersign.events (transaction_id, portal_id, type)
            SELECT request.transaction_id, request.portal_id, 'request.redemption_refused'
            WHERE NOT EXISTS (SELECT FROM countersign.events e
                              WHERE e.transaction_id = request.transaction_id AND e.event_id > request.transaction_id
                                AND e.type = 'request.redemption_refused');
    ELSE
        UPDATE countersign.auth_requests r SET redeemed_in = pg_current_xact_id()
            WHERE r.transaction_id = request.transaction_id AND r.status = 'authenticated' AND r.redeemed_in IS NULL
              AND r.redeem_once AND r.link_answer_id IS NOT DISTINCT FROM request.link_answer_id
              AND clock_timestamp() < r.resolved_at + interval '300 s';
        IF FOUND THEN
            INSERT INTO countersign.events (transaction_id, portal_id, type)
                VALUES (request.transaction_id, request.portal_id, 'request.redeemed');
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM countersign.auth_results a WHERE a.transaction_id = request.transaction_id;
END
$$;
COMMENT ON FUNCTION countersign.redeem(uuid, text) IS
    'Takes the result of a request, once, for types whose results are taken once, and after a link with the response code '
    'that the browser has brought: the row of auth_results, which is authenticated for the caller''s transaction and for '
    'nobody else. CS006 when there is no such request, CS003 when its result is not redeemed.';

-- Ends a request by the answer that has waited for its confirmation, unless what the answer needs was switched off since:
-- then it has failed.
CREATE OR REPLACE FUNCTION countersign.accept_confirmed(request countersign.auth_requests) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    may_sign_in constant boolean := EXISTS (
        SELECT FROM countersign.settings s, countersign.enrollments e JOIN countersign.apps a USING (app_id)
        WHERE s.mobile_authentication_enabled AND s.enrollment_enabled AND a.enabled
          AND e.enrollment_id = request.enrollment_id AND e.status = 'active');
BEGIN
    PERFORM countersign.end_requests(
        ARRAY[request.transaction_id], ARRAY[CASE WHEN may_sign_in THEN 'authenticated' ELSE 'failed' END],
        CASE WHEN may_sign_in THEN ARRAY[request.enrollment_id] END,
        CASE WHEN may_sign_in THEN ARRAY[request.answer_id] END,
        CASE WHEN may_sign_in THEN ARRAY[request.signature_verified] END,
        CASE WHEN may_sign_in THEN ARRAY[request.signer_fingerprint] END);
END
$$;
