-- What a visitor's page may ask for the one request that it shows: how it stands, and the code. It has a token for that, of
-- 128 random bits, of which only a digest is stored. The code is stored combined with another digest of the token, so that
-- whoever reads the table has no code, and whoever has the token alone has none that was not the page's.
-- after: callers, codes, savepoints

-- The digests of a token. One says whose it is, the other hides the code; neither tells anything of the other.
CREATE OR REPLACE FUNCTION countersign.token_digest(token bytea, purpose text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN sha256(convert_to('countersign-browser-' || purpose || E'\n', 'UTF8') || token);
END
$$;

-- Two texts of 32 bytes, bit by bit. The same again gives the first back: each token is for one code, and so is what hides it.
CREATE OR REPLACE FUNCTION countersign.combined(one bytea, other bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    result bytea := one;
BEGIN
    FOR n IN 0..octet_length(one) - 1 LOOP
        result := set_byte(result, n, get_byte(one, n) # get_byte(other, n));
    END LOOP;
    RETURN result;
END
$$;

-- For portals that speak SQL. The page collects the code then, by the token: the portal does not.
--
-- An INSERT of a key that somebody else has inserted and not committed waits for him, also with ON CONFLICT DO NOTHING, and a
-- portal can sit in the transaction that has called this for a request of which the gateway is storing a token with those
-- of many others. So whoever inserts tries a lock first, which nobody waits for. Its number holds the portal's channel,
-- whose 128 bits others cannot know: nobody takes that of a request which is not his. The server has room for some
-- thousands of locks in all, and a transaction gets sixteen of it here.
CREATE OR REPLACE FUNCTION countersign.browser_token(transaction_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE := countersign.own_request(transaction_id);
    token constant bytea := substring(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) FOR 16);
BEGIN
    PERFORM countersign.check_savepoints();
    IF request.resolved_at IS NOT NULL OR clock_timestamp() >= request.expires_at THEN
        PERFORM countersign.refuse('CS003', 'the request has ended: only an open one gets a browser token');
    -- The first is what this session has inserted lately: who has not so many is not looked at.
    ELSIF pg_stat_get_xact_tuples_inserted('countersign.browser_tokens'::regclass) >= 16 AND 16 <= (
              SELECT count(*) FROM pg_locks l
              WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.pid = pg_backend_pid()) THEN
        PERFORM countersign.refuse('CS008', 'this transaction has made 16 browser tokens, and may make no more: commit');
    ELSIF NOT pg_try_advisory_xact_lock(hashtextextended(
                  (SELECT p.channel FROM countersign.portals p WHERE p.portal_id = request.portal_id)
                  || request.transaction_id, 0)) THEN
        PERFORM countersign.refuse('CS008', 'another transaction gives the request a browser token; '
                                            'try again when it has ended');
    END IF;
    INSERT INTO countersign.browser_tokens (transaction_id, expires_at, portal_id, digest)
        VALUES (request.transaction_id, request.expires_at, request.portal_id,
                countersign.token_digest(token, 'token'))
        ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM countersign.refuse('CS003', 'the request has a browser token already: it gets one, once');
    END IF;
    RETURN rtrim(translate(encode(token, 'base64'), '+/', '-_'), '=');
END
$$;
COMMENT ON FUNCTION countersign.browser_token(uuid) IS
    'A token for the visitor''s page, once for each open request of the portal: with it the page gets the code over HTTP, '
    'which the portal then does not collect, and sees how the request stands. CS006 when there is no such request, CS003 '
    'when it has ended or has a token, CS008 when another transaction is giving it one, and for the 17th of a transaction.';

-- The origins from which browsers may ask, and whose they are.
CREATE OR REPLACE FUNCTION countersign.allowed_origins() RETURNS TABLE (portal text, origin text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT p.name, o.origin FROM countersign.browser_origins o JOIN countersign.portals p USING (portal_id);
END
$$;

-- Stores what belongs to tokens that the gateway has made, for requests of these portals. A request that another transaction
-- is giving a token is passed over, as is one that has a token.
CREATE OR REPLACE FUNCTION countersign.store_browser_tokens(portals text[], ids uuid[], digests bytea[], codes bytea[])
RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    INSERT INTO countersign.browser_tokens (transaction_id, expires_at, portal_id, digest, code)
        SELECT g.id, request.expires_at, p.portal_id, g.digest, g.code
        FROM unnest(portals, ids, digests, codes) AS g (portal, id, digest, code)
        JOIN countersign.portals p ON p.name = g.portal
        CROSS JOIN LATERAL (
            SELECT r.expires_at FROM countersign.auth_requests r
            WHERE r.transaction_id = g.id AND r.portal_id = p.portal_id
              -- See browser_token.
              AND pg_try_advisory_xact_lock(hashtextextended(p.channel || g.id, 0)) OFFSET 0) AS request
        ON CONFLICT DO NOTHING;
END
$$;

-- How the requests stand that these tokens are for, by the tokens' digests and their places in the arrays. No row for a
-- token that is not the request's, and none once that has ended 300 s ago. Never who has signed in.
CREATE OR REPLACE FUNCTION countersign.browser_states(ids uuid[], digests bytea[])
RETURNS TABLE (place integer, portal text, channel text, status text, looked_at timestamptz, requested_at timestamptz,
               expires_at timestamptz, code_rotation integer, code bytea, by_link boolean, confirmation text,
               confirmation_tries_left integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY
        SELECT g.n::integer, p.name, p.channel, request.status::text, clock_timestamp(), request.requested_at,
               request.expires_at, request.code_rotation::integer,
               CASE WHEN request.status = 'issued' AND clock_timestamp() < request.expires_at THEN token.code END,
               request.allow_link IS TRUE AND request.return_uri IS NOT NULL,
               CASE WHEN request.confirm_number IS NULL THEN NULL
                    WHEN request.confirmed_at IS NOT NULL THEN 'given'
                    WHEN request.status = 'scanned' THEN 'awaited' END,
               CASE WHEN request.confirm_number IS NOT NULL THEN 3 - coalesce(request.confirm_tries, 0) END
        FROM unnest(ids, digests) WITH ORDINALITY AS g (id, digest, n)
        CROSS JOIN LATERAL (
            SELECT t.code, t.portal_id FROM countersign.browser_tokens t
            WHERE t.transaction_id = g.id AND t.digest = g.digest OFFSET 0) AS token
        CROSS JOIN LATERAL (
            SELECT r.status, r.requested_at, r.expires_at, r.code_rotation, r.confirm_number, r.confirmed_at,
                   r.confirm_tries, r.allow_link, r.return_uri
            FROM countersign.auth_requests r
            WHERE r.transaction_id = g.id
              AND (r.resolved_at IS NULL OR clock_timestamp() < r.resolved_at + interval '300 s') OFFSET 0) AS request
        JOIN countersign.portals p ON p.portal_id = token.portal_id;
END
$$;

-- Collects the codes of those requests whose portal has not, and keeps them for their pages, hidden by what is given. A
-- code that another session is collecting is passed over.
CREATE OR REPLACE FUNCTION countersign.collect_for_browsers(ids uuid[], digests bytea[], pads bytea[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    WITH held AS MATERIALIZED (
        SELECT g.id, g.pad, secret.place
        FROM (SELECT DISTINCT ON (u.id) u.* FROM unnest(ids, digests, pads) AS u (id, digest, pad)) AS g
        CROSS JOIN LATERAL (
            SELECT FROM countersign.browser_tokens t
            WHERE t.transaction_id = g.id AND t.digest = g.digest AND t.code IS NULL OFFSET 0) AS token
        CROSS JOIN LATERAL (
            SELECT FROM countersign.auth_requests r
            WHERE r.transaction_id = g.id AND r.status = 'issued' AND r.expires_at > clock_timestamp() OFFSET 0) AS request
        CROSS JOIN LATERAL (
            SELECT o.ctid AS place FROM countersign.otp_secrets o
            WHERE o.transaction_id = g.id FOR UPDATE SKIP LOCKED) AS secret
    ), gone AS (
        DELETE FROM countersign.otp_secrets o WHERE o.ctid = ANY (ARRAY(SELECT held.place FROM held))
        RETURNING o.transaction_id AS id, o.secret
    )
    UPDATE countersign.browser_tokens t SET code = countersign.combined(gone.secret, held.pad)
        FROM gone JOIN held USING (id) WHERE t.transaction_id = gone.id;
END
$$;
