-- How a portal gets the code of its request, exactly once.

-- The portal's own request as it stands, or CS006. Recent ones are looked for first, see is_recent().
CREATE OR REPLACE FUNCTION countersign.own_request(id uuid) RETURNS countersign.auth_requests
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE;
BEGIN
    SELECT * INTO request FROM countersign.auth_requests r
        WHERE r.transaction_id = id AND r.portal_id = countersign.current_portal()
          AND countersign.is_recent(r.transaction_id);
    IF NOT FOUND THEN
        SELECT * INTO request FROM countersign.auth_requests r
            WHERE r.transaction_id = id AND r.portal_id = countersign.current_portal();
        IF NOT FOUND THEN
            PERFORM countersign.refuse('CS006', 'transaction_id is not that of a request of this portal');
        END IF;
    END IF;
    RETURN request;
END
$$;

-- A request of whatever day. A function, so that the other days are no part of the plans of those who have looked among few,
-- see is_recent(), and ask for it only where they have not found one there.
CREATE OR REPLACE FUNCTION countersign.request_of_any_day(id uuid) RETURNS SETOF countersign.auth_requests
LANGUAGE plpgsql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY SELECT * FROM countersign.auth_requests r WHERE r.transaction_id = id;
END
$$;

-- The code, exactly once: base64url of the 16 bytes of the transaction id and the 32 of the secret. NULL when
-- it is not issued yet, was collected already, or the request has ended. Deleting is what hands it out, so of
-- two callers one waits for the other and gets NULL; a rolled-back call has collected nothing.
--
-- The code goes with its request's end, but for one that was being collected at that moment: so the request is looked
-- at, too. When there is nothing to delete, it is found out why.
CREATE OR REPLACE FUNCTION countersign.collect_otp(transaction_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    code bytea;
BEGIN
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        PERFORM countersign.check_savepoints();
    END IF;
    DELETE FROM countersign.otp_secrets o
        WHERE o.transaction_id = collect_otp.transaction_id AND o.portal_id = coalesce(
                  (SELECT own.portal_id FROM countersign.portals own WHERE own.login = session_user),
                  (SELECT countersign.current_portal()))
          AND EXISTS (SELECT FROM countersign.auth_requests r
                      WHERE r.transaction_id = collect_otp.transaction_id AND r.resolved_at IS NULL
                        AND clock_timestamp() < r.expires_at
                        AND countersign.is_recent(r.transaction_id))
        RETURNING o.secret INTO code;
    IF code IS NULL THEN
        RETURN countersign.collect_in_full(transaction_id);
    END IF;
    RETURN replace(replace(encode(uuid_send(transaction_id) || code, 'base64'), '+', '-'), '/', '_');
END
$$;
COMMENT ON FUNCTION countersign.collect_otp(uuid) IS
    'The code of the portal''s own request, exactly once. NULL when it is not issued yet, was collected already, or '
    'the request has ended; CS006 when there is no such request.';

-- The same for a request of whatever age and state.
CREATE OR REPLACE FUNCTION countersign.collect_in_full(transaction_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE := countersign.own_request(transaction_id);
    code bytea;
BEGIN
    IF request.status NOT IN ('issued', 'scanned') OR clock_timestamp() >= request.expires_at THEN
        RETURN NULL;
    END IF;
    DELETE FROM countersign.otp_secrets o WHERE o.transaction_id = request.transaction_id
        RETURNING o.secret INTO code;
    RETURN translate(encode(uuid_send(request.transaction_id) || code, 'base64'), '+/', '-_');
END
$$;

-- SHA-256 so many times over.
CREATE OR REPLACE FUNCTION countersign.hash_chain(start bytea, times integer) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    link bytea := start;
BEGIN
    FOR n IN 1..times LOOP
        link := sha256(link);
    END LOOP;
    RETURN link;
END
$$;

-- How many codes a request shows that rotates them: one for each step of its life, the last one perhaps shorter.
CREATE OR REPLACE FUNCTION countersign.code_steps(life interval, rotation integer) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ceil(date_part('epoch', life) / rotation)::integer;

-- The code to show at that moment, for types whose codes rotate: what collect_otp has returned is the seed of a chain, by
-- SHA-256, of as many links as there are steps. The first step shows the last link, so that no code tells a later one;
-- and only the digest of that first code is stored. Of other types the code is what was collected.
CREATE OR REPLACE FUNCTION countersign.rotated_otp(
    seed text, at timestamptz DEFAULT clock_timestamp(), OUT otp text, OUT valid_until timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    bytes bytea;
    request countersign.auth_requests%ROWTYPE;
    step integer;
BEGIN
    IF seed IS NULL OR octet_length(seed) <> 64 OR seed !~ '^[A-Za-z0-9_-]{64}$' THEN
        PERFORM countersign.refuse('CS003', 'seed must be the 64 characters that collect_otp has returned');
    END IF;
    bytes := decode(translate(seed, '-_', '+/'), 'base64');
    request := countersign.own_request(encode(substring(bytes FOR 16), 'hex')::uuid);
    IF request.status <> 'issued' OR at < request.requested_at OR at >= request.expires_at THEN
        RETURN;
    ELSIF request.code_rotation IS NULL THEN
        otp := seed;
        valid_until := request.expires_at;
        RETURN;
    END IF;
    step := floor(date_part('epoch', at - request.requested_at) / request.code_rotation);
    otp := translate(encode(substring(bytes FOR 16) || countersign.hash_chain(substring(bytes FROM 17),
        countersign.code_steps(request.expires_at - request.requested_at, request.code_rotation) - 1 - step),
        'base64'), '+/', '-_');
    valid_until := least(request.requested_at + make_interval(secs => (step + 1) * request.code_rotation),
                         request.expires_at);
END
$$;
COMMENT ON FUNCTION countersign.rotated_otp(text, timestamptz) IS
    'The code to show now, and until when, of what collect_otp has returned: for types whose codes rotate. NULL when '
    'nobody can scan it, because somebody has or the request has ended. CS006 when there is no such request, CS003 for '
    'what is no code.';

-- collect_otp for callers that cannot LISTEN. Whoever issues or cancels the request takes it out of the queue, and that
-- is a small table. It is looked at after as long as this session's waits took lately, and then more and more seldom:
-- polling from 2 ms on took four to seven looks of 50 us each where 32 callers wait. A look is one query, and a sleep
-- none: an assignment of one function call is not planned and run as a statement is. Returns early when a migration
-- needs the tables.
CREATE OR REPLACE FUNCTION countersign.await_otp(transaction_id uuid, timeout interval) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    began timestamptz;
    deadline timestamptz;
    portal integer;
    written xid;
    usual double precision;
    pause double precision;
    looks integer := 0;
    ignored text;
BEGIN
    IF timeout IS NULL OR timeout < interval '0' OR timeout > interval '10 s'
       OR current_setting('transaction_isolation') <> 'read committed'
       OR EXISTS (SELECT FROM countersign.schema_turn t WHERE t.wants_until > clock_timestamp()) THEN
        deadline := countersign.wait_until(timeout);
    END IF;
    SELECT q.portal_id, q.xmin INTO portal, written FROM countersign.issue_queue q
        WHERE q.transaction_id = await_otp.transaction_id AND q.portal_id = coalesce(
            (SELECT own.portal_id FROM countersign.portals own WHERE own.login = session_user),
            (SELECT countersign.current_portal()));
    IF portal IS NOT NULL THEN
        IF pg_current_xact_id_if_assigned() IS NOT NULL AND countersign.is_own_row(written) THEN
            PERFORM countersign.refuse('CS003', 'the request was inserted by this transaction: commit it first');
        END IF;
        began := clock_timestamp();
        deadline := coalesce(deadline, began + timeout);
        usual := countersign.usual_wait('countersign.usual_issue');
        pause := usual;
        WHILE clock_timestamp() < deadline LOOP
            ignored := pg_sleep(pause);
            EXIT WHEN NOT EXISTS (SELECT FROM countersign.issue_queue q
                                  WHERE q.portal_id = portal AND q.transaction_id = await_otp.transaction_id)
                      OR EXISTS (SELECT FROM countersign.schema_turn t WHERE t.wants_until > clock_timestamp());
            looks := looks + 1;
            pause := countersign.next_pause(usual, looks);
            IF looks = 8 THEN  -- after 0.1 s or so: nobody waits beyond the request's own time
                deadline := least(deadline, (countersign.own_request(transaction_id)).expires_at);
            END IF;
        END LOOP;
        ignored := countersign.note_wait('countersign.usual_issue', usual, looks, began);
    END IF;
    RETURN countersign.collect_otp(transaction_id);
END
$$;
COMMENT ON FUNCTION countersign.await_otp(uuid, interval) IS
    'collect_otp for callers that cannot LISTEN: waits for the code, at most 10 seconds, or until a migration needs the '
    'tables: ask again on NULL while the request is open. Needs READ COMMITTED, and a request that was committed before '
    '(CS003).';
