-- What portals and apps read of their own rows. Views are the owner's and would show everybody's rows, so each says
-- itself whose it shows, and its barrier keeps a caller's functions from seeing others first.
-- after: callers

-- A request in any state; is_authenticated is NULL until it has ended, and false 300 s after a sign-in. The user is who
-- accepted or declined, as in the Access API.
CREATE OR REPLACE VIEW countersign.auth_results WITH (security_barrier) AS
SELECT r.transaction_id, r.reference, r.callback_uri, r.status,
       CASE WHEN r.resolved_at IS NOT NULL
            THEN r.status = 'authenticated' AND clock_timestamp() < r.resolved_at + interval '300 s'
       END AS is_authenticated,
       CASE WHEN r.status IN ('authenticated', 'denied') THEN r.user_id END AS user_id,
       CASE WHEN r.status = 'authenticated' THEN r.device_id END AS device_id,
       CASE WHEN r.status = 'authenticated' THEN r.app_id END AS app_id,
       r.method AS authentication_method,
       CASE WHEN r.status = 'authenticated' THEN r.signature_verified END AS signature_verified,
       CASE WHEN r.status = 'authenticated' THEN r.signature END AS signature,
       CASE WHEN r.status = 'authenticated' THEN r.signer_fingerprint END AS signer_fingerprint,
       CASE WHEN r.status IN ('denied', 'expired', 'cancelled', 'failed') THEN r.status
       END AS not_authenticated_reason,
       r.requested_at, r.resolved_at, r.resolved_at + interval '300 s' AS valid_until
FROM countersign.auth_requests r
WHERE r.portal_id = (SELECT countersign.current_portal());

-- What became of a submission; result is pending until a worker has looked at it.
CREATE OR REPLACE VIEW countersign.submission_results WITH (security_barrier) AS
SELECT s.submission_id, s.transaction_id, s.action, s.status AS result, s.reason, s.prompt
FROM countersign.submissions s
WHERE s.app_id = (SELECT countersign.current_app());

-- What became of an enrollment, with the server's key once it is active.
CREATE OR REPLACE VIEW countersign.enrollment_results WITH (security_barrier) AS
SELECT e.enrollment_id, e.user_id, e.device_id, e.status, e.reason,
       (SELECT k.public_key FROM countersign.server_keys k
        WHERE k.server_key_id = e.server_key_id) AS server_public_key, e.key_fingerprint
FROM countersign.enrollments e
WHERE e.app_id = (SELECT countersign.current_app());
