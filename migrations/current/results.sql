-- What portals and apps read of their own rows. Views are the owner's and would show everybody's rows, so each says
-- itself whose it shows, and its barrier keeps a caller's functions from seeing others first.
-- after: callers, enrollments, evidence, links

-- A request in any state; is_authenticated is NULL until it has ended, and false 300 s after a sign-in. The user is who
-- accepted or declined, as in the Access API. What is to be redeemed is told to the transaction that redeems it, and to no
-- other, whenever that began.
CREATE OR REPLACE VIEW countersign.auth_results WITH (security_barrier) AS
SELECT r.transaction_id, r.reference, r.callback_uri, r.status,
       CASE WHEN r.resolved_at IS NOT NULL
            THEN told.is_so AND clock_timestamp() < r.resolved_at + interval '300 s' END AS is_authenticated,
       CASE WHEN r.status = 'denied' OR told.is_so THEN r.user_id END AS user_id,
       CASE WHEN told.is_so THEN r.device_id END AS device_id,
       CASE WHEN told.is_so THEN r.app_id END AS app_id,
       r.method AS authentication_method,
       CASE WHEN told.is_so THEN r.signature_verified END AS signature_verified,
       CASE WHEN told.is_so THEN countersign.armored_signature(r.signature) END AS signature,
       CASE WHEN told.is_so THEN r.signer_fingerprint END AS signer_fingerprint,
       CASE WHEN r.status IN ('denied', 'expired', 'cancelled', 'failed') THEN r.status
       END AS not_authenticated_reason,
       r.requested_at, r.resolved_at, r.resolved_at + interval '300 s' AS valid_until,
       r.expires_at,
       CASE WHEN r.confirm_number IS NULL THEN NULL
            WHEN r.confirmed_at IS NOT NULL THEN 'given'
            WHEN r.status = 'scanned' THEN 'awaited' END AS confirmation,
       CASE WHEN r.confirm_number IS NOT NULL THEN 3 - coalesce(r.confirm_tries, 0) END AS confirmation_tries_left,
       CASE WHEN r.redeem_once AND r.status = 'authenticated'
            THEN CASE WHEN r.redeemed_in IS NULL THEN 'open' ELSE 'taken' END END AS redemption,
       CASE WHEN told.is_so THEN r.browser_known END AS browser_known,
       CASE r.status WHEN 'denied' THEN r.deny_reason END AS deny_reason,
       CASE WHEN r.status = 'denied' OR told.is_so THEN r.network_match END AS network_match,
       CASE WHEN r.status = 'denied' OR told.is_so THEN r.country_match END AS country_match
FROM countersign.auth_requests r
-- Whether somebody has signed in and this transaction is told who. The planner puts it in the place of its name.
CROSS JOIN LATERAL (
    SELECT r.status = 'authenticated'
           AND coalesce(r.redeemed_in = pg_current_xact_id_if_assigned(), r.redeem_once IS NULL) AS is_so) AS told
WHERE r.portal_id = (SELECT countersign.current_portal());
COMMENT ON VIEW countersign.auth_results IS 'The portal''s own requests, a row for each in every state.';
COMMENT ON COLUMN countersign.auth_results.transaction_id IS 'The request.';
COMMENT ON COLUMN countersign.auth_results.reference IS
    'The portal''s own handle of the visitor''s session, as it was given.';
COMMENT ON COLUMN countersign.auth_results.callback_uri IS
    'The address that is called when it ends; NULL when none was given, and none is called.';
COMMENT ON COLUMN countersign.auth_results.status IS
    'requested, issued, scanned; or its end: authenticated, denied, expired, cancelled, failed.';
COMMENT ON COLUMN countersign.auth_results.is_authenticated IS
    'Whether the visitor may be let in now: NULL until the request has ended, and false from valid_until on, while '
    'status stays.';
COMMENT ON COLUMN countersign.auth_results.user_id IS
    'The app''s name for the user who signed in or declined; NULL else, and unless authenticated for all about that.';
COMMENT ON COLUMN countersign.auth_results.device_id IS 'The app''s name for the device.';
COMMENT ON COLUMN countersign.auth_results.app_id IS 'The app that vouches for the user.';
COMMENT ON COLUMN countersign.auth_results.authentication_method IS 'How it is answered: otp, by a code.';
COMMENT ON COLUMN countersign.auth_results.signature_verified IS
    'Whether the answer carried a signature that was checked.';
COMMENT ON COLUMN countersign.auth_results.signature IS 'That signature, armored OpenPGP.';
COMMENT ON COLUMN countersign.auth_results.signer_fingerprint IS 'Of the key that made it.';
COMMENT ON COLUMN countersign.auth_results.not_authenticated_reason IS
    'How it ended when nobody signed in: denied, expired, cancelled or failed.';
COMMENT ON COLUMN countersign.auth_results.requested_at IS 'When it was inserted.';
COMMENT ON COLUMN countersign.auth_results.resolved_at IS 'When it ended.';
COMMENT ON COLUMN countersign.auth_results.valid_until IS '300 s after its end: a sign-in must be taken up before.';
COMMENT ON COLUMN countersign.auth_results.browser_known IS
    'Whether the user had signed in with that browser before, of a request that was given a browser_id.';
COMMENT ON COLUMN countersign.auth_results.deny_reason IS
    'not_me when the user has declined with the word that it was somebody else.';
COMMENT ON COLUMN countersign.auth_results.network_match IS
    'Whether the visitor and the device that answered came from the same network: same, other, or unknown; of types that '
    'compare them.';
COMMENT ON COLUMN countersign.auth_results.country_match IS
    'Whether the addresses of both are said to be in the same country: same, other, or unknown; of types that compare them.';
COMMENT ON COLUMN countersign.auth_results.expires_at IS 'When the request ends by itself, unless it has ended before.';
COMMENT ON COLUMN countersign.auth_results.confirmation IS
    'Of types that ask for a confirmation number: awaited while the visitor has to type what the phone shows, given '
    'once confirm_code was called with it. Nobody has signed in before is_authenticated is true.';
COMMENT ON COLUMN countersign.auth_results.redemption IS
    'Of types whose results are taken once: open until redeem was called, then taken. Only the transaction that has called '
    'it reads who has signed in.';
COMMENT ON COLUMN countersign.auth_results.confirmation_tries_left IS
    'How often confirm_code may still be called with a number that is wrong; with the last of three the request fails.';

-- Who the session speaks for.
CREATE OR REPLACE VIEW countersign.own_portal WITH (security_barrier) AS
SELECT p.name, p.display_name, p.notify_on
FROM countersign.portals p
WHERE p.portal_id = (SELECT countersign.current_portal());
COMMENT ON VIEW countersign.own_portal IS 'The portal of this session, one row; none for everybody else.';
COMMENT ON COLUMN countersign.own_portal.name IS 'What operators call it.';
COMMENT ON COLUMN countersign.own_portal.display_name IS 'What users see on their phone.';
COMMENT ON COLUMN countersign.own_portal.notify_on IS 'The ends of its requests whose webhooks are sent.';

-- How the portal's own requests have ended since then, for `webhook forward`. The audit trail has each by the time of its end,
-- however long before it began: requests themselves are found by when they began. No table is read through, and nobody
-- has the trail of more than a day read.
CREATE OR REPLACE FUNCTION countersign.own_ends(since timestamptz, OUT transaction_id uuid, OUT epoch integer, OUT status text,
                                                OUT deny_reason text, OUT callback_uri text, OUT resolved_at timestamptz)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    portal constant integer := countersign.current_portal();
    -- No further back: it walks over everybody's events of that time.
    start constant timestamptz := least(greatest(since, clock_timestamp() - interval '1 hour'), clock_timestamp());
BEGIN
    RETURN QUERY
        SELECT e.transaction_id, (e.details ->> 'epoch')::integer, ended.status::text,
               CASE ended.status WHEN 'denied' THEN ended.deny_reason END, ended.callback_uri, ended.resolved_at
        FROM countersign.events e
        CROSS JOIN LATERAL (
            SELECT r.status, r.deny_reason, r.callback_uri, r.resolved_at FROM countersign.auth_requests r
            WHERE r.transaction_id = e.transaction_id AND r.portal_id = portal AND r.resolved_at >= start OFFSET 0) AS ended
        WHERE e.event_id >= countersign.uuid_floor(start) AND e.portal_id = portal
          AND e.type = 'request.' || ended.status;
END
$$;
COMMENT ON FUNCTION countersign.own_ends(timestamptz) IS
    'How the portal''s own requests have ended since then, of the last hour, with the epoch that their webhook-id names.';

-- The same of requests whose ids the portal has heard on its channel: each is looked up, whatever else has ended meanwhile.
CREATE OR REPLACE FUNCTION countersign.own_ends_of(ids uuid[], OUT transaction_id uuid, OUT epoch integer, OUT status text,
                                                   OUT deny_reason text, OUT callback_uri text, OUT resolved_at timestamptz)
RETURNS SETOF record LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    portal constant integer := countersign.current_portal();
    -- A constant of the plan, which leaves the older weeks of the trail out.
    start constant timestamptz := clock_timestamp() - interval '1 hour';
BEGIN
    RETURN QUERY
        SELECT g.id, (told.details ->> 'epoch')::integer, ended.status::text,
               CASE ended.status WHEN 'denied' THEN ended.deny_reason END, ended.callback_uri, ended.resolved_at
        FROM unnest(ids) AS g (id)
        CROSS JOIN LATERAL (
            SELECT r.status, r.deny_reason, r.callback_uri, r.resolved_at FROM countersign.auth_requests r
            WHERE r.transaction_id = g.id AND r.portal_id = portal AND r.resolved_at >= start OFFSET 0) AS ended
        CROSS JOIN LATERAL (
            SELECT e.details FROM countersign.events e
            WHERE e.transaction_id = g.id AND e.event_id >= countersign.uuid_floor(start)
              AND e.type = 'request.' || ended.status LIMIT 1) AS told;
END
$$;
COMMENT ON FUNCTION countersign.own_ends_of(uuid[]) IS
    'How those of the portal''s own requests have ended that have, within the last hour: the columns of own_ends.';

-- What the user must be shown after that scan of the app that asks. It stands in the request, which is looked for among all
-- days, or in the event of its answer.
CREATE OR REPLACE FUNCTION countersign.scanned_prompt(scan uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN (SELECT countersign.answered_prompt(s.transaction_id, NULL) FROM countersign.submissions s
            WHERE s.submission_id = scan AND s.app_id = countersign.current_app()
              AND s.action = 'scan' AND s.status = 'accepted');
END
$$;
COMMENT ON FUNCTION countersign.scanned_prompt(uuid) IS
    'What the user must be shown after an accepted scan of the app''s own, as submission_results shows it.';

-- What became of a submission; result is pending until a worker has looked at it.
CREATE OR REPLACE VIEW countersign.submission_results WITH (security_barrier) AS
SELECT s.submission_id, s.transaction_id, s.action, s.status AS result, s.reason,
       CASE WHEN s.action = 'scan' AND s.status = 'accepted' THEN countersign.scanned_prompt(s.submission_id) END AS prompt,
       s.detail,
       CASE WHEN s.channel = 'link' AND s.action = 'accept' AND s.status = 'accepted'
            THEN countersign.return_address(s.transaction_id, s.submission_id) END AS return_uri
FROM countersign.submissions s
WHERE s.app_id = (SELECT countersign.current_app());
COMMENT ON VIEW countersign.submission_results IS 'What became of the app''s own submissions.';
COMMENT ON COLUMN countersign.submission_results.submission_id IS 'The submission.';
COMMENT ON COLUMN countersign.submission_results.transaction_id IS
    'The request that the code belongs to, if it could be read; with confirm, the enrollment.';
COMMENT ON COLUMN countersign.submission_results.action IS 'scan, accept, deny or confirm.';
COMMENT ON COLUMN countersign.submission_results.result IS 'pending, accepted or rejected.';
COMMENT ON COLUMN countersign.submission_results.reason IS
    'Why it was rejected: malformed, unknown_code, expired, already_used, other_device, not_enrolled, '
    'enrollment_revoked, enrollment_held, enrollment_disabled, invalid_signature, stale_signature, wrong_prompt, other_network, '
    'other_country, wrong_channel, locked_out, too_many_waiting or '
    'too_many_malformed.';
COMMENT ON COLUMN countersign.submission_results.prompt IS
    'After an accepted scan, what the user must be shown, byte for byte: the answer signs its digest.';
COMMENT ON COLUMN countersign.submission_results.return_uri IS
    'After an answer by link that has signed the user in: what the app opens in the browser, once.';
COMMENT ON COLUMN countersign.submission_results.detail IS 'What differs, in words, beside the reason.';

-- What became of an enrollment, with the server's key once it is active.
CREATE OR REPLACE VIEW countersign.enrollment_results WITH (security_barrier) AS
SELECT e.enrollment_id, e.user_id, e.device_id, e.status, e.reason,
       (SELECT k.public_key FROM countersign.server_keys k
        WHERE k.server_key_id = e.server_key_id) AS server_public_key, e.key_fingerprint,
       CASE WHEN e.status = 'active' AND e.held_until > clock_timestamp() THEN e.held_until END AS held_until,
       CASE WHEN e.status = 'active' AND e.held_until > clock_timestamp()
            THEN countersign.confirmation_code(e.enrollment_id, e.public_key) END AS confirmation,
       e.device_name, e.platform
FROM countersign.enrollments e
WHERE e.app_id = (SELECT countersign.current_app());
COMMENT ON VIEW countersign.enrollment_results IS 'What became of the app''s own enrollments.';
COMMENT ON COLUMN countersign.enrollment_results.enrollment_id IS 'The enrollment.';
COMMENT ON COLUMN countersign.enrollment_results.user_id IS 'The app''s name for its user.';
COMMENT ON COLUMN countersign.enrollment_results.device_id IS 'The app''s name for the device.';
COMMENT ON COLUMN countersign.enrollment_results.status IS 'pending, active, rejected or revoked.';
COMMENT ON COLUMN countersign.enrollment_results.reason IS 'Why it was rejected or revoked.';
COMMENT ON COLUMN countersign.enrollment_results.server_public_key IS
    'The server''s armored OpenPGP public key, once it is active.';
COMMENT ON COLUMN countersign.enrollment_results.key_fingerprint IS 'Of the device''s key, once it was found good.';
COMMENT ON COLUMN countersign.enrollment_results.held_until IS
    'Until when this further device may not answer, unless an older one of the user confirms it.';
COMMENT ON COLUMN countersign.enrollment_results.confirmation IS
    'Of one that is held: what an older device submits as otp, with the action confirm. It is no secret.';
COMMENT ON COLUMN countersign.enrollment_results.device_name IS 'What the user calls the device.';
COMMENT ON COLUMN countersign.enrollment_results.platform IS 'As it was inserted.';
