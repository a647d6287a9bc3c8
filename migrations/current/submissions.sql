-- Submissions: what happens when an app inserts one, and how it waits for the verdict.
-- after: results

-- Takes a submission apart. It never raises for what the app sent: a failing statement is logged with its
-- literals, and the code is one of them. The code itself is not stored; its digest is. A signature that is no armor
-- is kept as an empty one, which is invalid: what stands there by mistake may be a code.
CREATE OR REPLACE FUNCTION countersign.take_submission() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    code bytea;
    well_formed boolean;
BEGIN
    -- Only the owner may write status: a row that has one is not sent now but restored (pg_restore --data-only, logical
    -- replication, which fires this trigger, too). It stays as it was judged; a code is not stored from there either.
    IF NEW.status IS NOT NULL THEN
        NEW.otp := NULL;
        RETURN NEW;
    END IF;
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

-- The submission's result as soon as it is known; result is 'pending' when the time ran out first, or a migration
-- needs the tables.
CREATE OR REPLACE FUNCTION countersign.await_submission(submission_id uuid, timeout interval)
RETURNS SETOF countersign.submission_results
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    deadline timestamptz := countersign.wait_until(timeout);
    found record;
    pause double precision := 0.002;
BEGIN
    SELECT s.app_id, s.status, s.xmin INTO found FROM countersign.submissions s
        WHERE s.submission_id = await_submission.submission_id AND s.app_id = countersign.current_app();
    IF found.status IS NULL THEN
        PERFORM countersign.refuse('CS003', 'submission_id is not that of a submission of this app');
    ELSIF found.status = 'pending' AND countersign.is_own_row(found.xmin) THEN
        PERFORM countersign.refuse('CS003', 'the submission was inserted by this transaction: commit it first');
    END IF;
    -- Its verdict takes it out of the queue, and that is the smaller table to look at.
    WHILE EXISTS (SELECT FROM countersign.validate_queue q
                  WHERE q.app_id = found.app_id AND q.submission_id = await_submission.submission_id)
          AND NOT EXISTS (SELECT FROM countersign.schema_turn t WHERE t.wants_until > clock_timestamp())
          AND clock_timestamp() < deadline LOOP
        PERFORM pg_sleep(pause);
        pause := least(pause * 1.5, 0.05);
    END LOOP;
    RETURN QUERY
        SELECT s.submission_id, s.transaction_id, s.action, s.status, s.reason, s.prompt, s.detail
        FROM countersign.submissions s WHERE s.submission_id = await_submission.submission_id;
END
$$;
COMMENT ON FUNCTION countersign.await_submission(uuid, interval) IS
    'The submission''s row of submission_results as soon as it is judged, at most 10 seconds later; result is pending '
    'when the time ran out first, or a migration needed the tables: ask again. Needs READ COMMITTED, and a submission '
    'that was committed before (CS003).';
