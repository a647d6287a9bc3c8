-- What the audit trail keeps of an end and of a signed answer, in words. The rows hold it as short as it can be: no text of
-- bytes, and nothing that follows from the rest.
-- after: identifiers

-- The armor of a kept signature, byte for byte as it was sent. What was sent in a usual form is kept as its packets and
-- the three bytes of the checksum, which makes 129 bytes of 244, after a byte that tells the form: 128, with 1 for CR LF,
-- 2 for lines of 64 characters instead of 76, and 4 for a line feed at the end. UTF-8 begins with none such, and anything
-- else is kept as the text that it was. See KeptSignature, which makes them. A pattern that looks ahead took 80 us.
CREATE OR REPLACE FUNCTION countersign.armored_signature(kept bytea) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN get_byte(kept, 0) & 192 <> 128 THEN convert_from(kept, 'UTF8')
    ELSE replace(
        E'-----BEGIN PGP SIGNATURE-----\n\n'
        || rtrim(CASE get_byte(kept, 0) & 2 WHEN 0 THEN encode(substring(kept FROM 2 FOR octet_length(kept) - 4), 'base64')
                 ELSE regexp_replace(translate(encode(substring(kept FROM 2 FOR octet_length(kept) - 4), 'base64'), E'\n', ''),
                                     '.{64}', E'\\&\n', 'g') END, E'\n')
        || E'\n=' || encode(substring(kept FROM octet_length(kept) - 2), 'base64')
        || E'\n-----END PGP SIGNATURE-----' || CASE get_byte(kept, 0) & 4 WHEN 4 THEN E'\n' ELSE '' END,
        E'\n', CASE get_byte(kept, 0) & 1 WHEN 1 THEN E'\r\n' ELSE E'\n' END) END;
COMMENT ON FUNCTION countersign.armored_signature(bytea) IS
    'The armored OpenPGP signature that auth_requests, submissions and events keep as bytes, as it was sent.';

-- The details of an event with those that have columns of their own, and with the evidence of a signed answer. The lines that
-- were signed follow from the row, because an answer is accepted only when it names the prompt of the scan before it, and
-- no other. Never the time zone of who asks: the digests of the chain are made over this, and so over all those columns.
CREATE OR REPLACE FUNCTION countersign.event_details(e countersign.events) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN num_nonnulls(e.requested_at, e.signer_fingerprint, e.signature, e.signed_at, e.secret_digest,
                              e.certificate_sha256, e.prompt, e.auth_type, e.reference, e.ip_address, e.user_agent,
                              e.device_address, e.device_agent) = 0 AND e.type <> 'request.scanned' THEN e.details
    ELSE jsonb_strip_nulls(jsonb_build_object(
        'action', CASE e.type WHEN 'request.scanned' THEN 'scan' END,
        'auth_type', e.auth_type, 'reference', e.reference, 'ip_address', e.ip_address, 'user_agent', e.user_agent,
        'device_address', e.device_address, 'device_agent', e.device_agent,
        'requested_at', to_char(e.requested_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
        'signer_fingerprint', upper(encode(e.signer_fingerprint, 'hex') COLLATE "C"),
        'signature_verified', CASE WHEN e.signature IS NOT NULL THEN true END,
        'evidence', CASE WHEN num_nonnulls(e.signature, e.signed_at, e.secret_digest, e.certificate_sha256, e.prompt) > 0
            THEN jsonb_build_object(
                'signed', concat_ws(
                    E'\n', 'countersign-v1', CASE e.type WHEN 'request.denied' THEN 'deny' ELSE 'accept' END,
                    e.transaction_id, encode(e.secret_digest, 'hex'), e.enrollment_id,
                    to_char(e.signed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                    coalesce(encode(sha256(convert_to(e.prompt, 'UTF8')), 'hex'), '-'), ''),
                'signature', countersign.armored_signature(e.signature), 'prompt', e.prompt,
                'certificate_sha256', encode(e.certificate_sha256, 'hex')) END)) || e.details END;
COMMENT ON FUNCTION countersign.event_details(countersign.events) IS
    'The details of an event, with what the row holds in columns: whose visitor it was, and the evidence of a signed answer.';

-- What the user was shown of a request that a signed answer has ended, which its event alone has. In a function of its own, so
-- that the weeks of the trail are in the plans of nobody who reads a request that is still open. Without resolved_at the
-- request itself is looked for first, among all days: by who has not found it among few, see is_recent().
CREATE OR REPLACE FUNCTION countersign.answered_prompt(request uuid, resolved_at timestamptz) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    ended timestamptz := resolved_at;
    shown text;
BEGIN
    IF ended IS NULL THEN
        SELECT r.prompt, r.resolved_at INTO shown, ended
            FROM countersign.auth_requests r WHERE r.transaction_id = request;
        IF shown IS NOT NULL OR ended IS NULL THEN
            RETURN shown;
        END IF;
    END IF;
    RETURN (SELECT e.prompt FROM countersign.events e
            WHERE e.transaction_id = request AND e.event_id >= countersign.uuid_floor(ended - interval '1 minute')
              AND e.prompt IS NOT NULL LIMIT 1);
END
$$;
