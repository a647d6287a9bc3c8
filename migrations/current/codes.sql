-- How a portal gets the code of its request, exactly once.

-- The portal's own request as it stands, or CS006.
CREATE OR REPLACE FUNCTION countersign.own_request(id uuid) RETURNS countersign.auth_requests
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE;
BEGIN
    SELECT * INTO request FROM countersign.auth_requests r
        WHERE r.transaction_id = id AND r.portal_id = countersign.current_portal();
    IF NOT FOUND THEN
        PERFORM countersign.refuse('CS006', 'transaction_id is not that of a request of this portal');
    END IF;
    RETURN request;
END
$$;

-- The code, exactly once: base64url of the 16 bytes of the transaction id and the 32 of the secret. NULL when
-- it is not issued yet, was collected already, or the request has ended. Deleting is what hands it out, so of
-- two callers one waits for the other and gets NULL; a rolled-back call has collected nothing.
CREATE OR REPLACE FUNCTION countersign.collect_otp(transaction_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION countersign.collect_otp(uuid) IS
    'The code of the portal''s own request, exactly once. NULL when it is not issued yet, was collected already, or '
    'the request has ended; CS006 when there is no such request.';

-- collect_otp for callers that cannot LISTEN: polls after 2 ms at first, after 50 ms at last. Returns early when a
-- migration needs the tables.
CREATE OR REPLACE FUNCTION countersign.await_otp(transaction_id uuid, timeout interval) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    deadline timestamptz := countersign.wait_until(timeout);
    request countersign.auth_requests%ROWTYPE := countersign.own_request(transaction_id);
    pause double precision := 0.002;
BEGIN
    IF request.status = 'requested' AND (SELECT countersign.is_own_row(r.xmin) FROM countersign.auth_requests r
                                         WHERE r.transaction_id = request.transaction_id) THEN
        PERFORM countersign.refuse('CS003', 'the request was inserted by this transaction: commit it first');
    END IF;
    -- Whoever issues or cancels the request takes it out of the queue, and that is the smaller table to look at.
    deadline := least(deadline, request.expires_at);
    WHILE EXISTS (SELECT FROM countersign.issue_queue q
                  WHERE q.portal_id = request.portal_id AND q.transaction_id = request.transaction_id)
          AND NOT EXISTS (SELECT FROM countersign.schema_turn t WHERE t.wants_until > clock_timestamp())
          AND clock_timestamp() < deadline LOOP
        PERFORM pg_sleep(pause);
        pause := least(pause * 1.5, 0.05);
    END LOOP;
    RETURN countersign.collect_otp(request.transaction_id);
END
$$;
COMMENT ON FUNCTION countersign.await_otp(uuid, interval) IS
    'collect_otp for callers that cannot LISTEN: waits for the code, at most 10 seconds, or until a migration needs the '
    'tables: ask again on NULL while the request is open. Needs READ COMMITTED, and a request that was committed before '
    '(CS003).';
