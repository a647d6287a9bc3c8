-- Submissions: what happens when an app inserts one, and how it waits for the verdict.
-- after: results

-- Whether the device has sent a malformed submission within the last ten minutes, and with its user's others so many as the app
-- allows. Nobody else is concerned: another app that names the device is another one, and counts its own.
CREATE OR REPLACE FUNCTION countersign.has_too_many_malformed(app integer, enrollment uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    most constant integer := (SELECT a.max_malformed_per_user FROM countersign.apps a WHERE a.app_id = app);
    since constant uuid := countersign.uuid_floor(clock_timestamp() - interval '10 min');
BEGIN
    RETURN EXISTS (
        SELECT FROM countersign.submissions m
        WHERE m.enrollment = has_too_many_malformed.enrollment AND m.reason = 'malformed' AND m.app_id = app
          AND m.submission_id >= since AND countersign.is_recent(m.submission_id)) AND most <= (
        SELECT count(*) FROM (
            SELECT FROM (
                SELECT has_too_many_malformed.enrollment AS id
                UNION
                (SELECT e.enrollment_id FROM countersign.enrollments own
                 JOIN countersign.enrollments e ON e.app_id = own.app_id AND e.user_id = own.user_id
                 WHERE own.enrollment_id = has_too_many_malformed.enrollment AND own.app_id = app
                 ORDER BY e.enrollment_id DESC LIMIT 100)) AS of_user
            CROSS JOIN LATERAL (
                SELECT FROM countersign.submissions m
                WHERE m.enrollment = of_user.id AND m.reason = 'malformed' AND m.app_id = app
                  AND m.submission_id >= since AND countersign.is_recent(m.submission_id)) AS malformed
            LIMIT most) AS counted);
END
$$;

-- When a submission was signed, as it says in that one form; NULL for all else. By the pattern alone, leap years of this century
-- with it, because a time that there is not would raise. The length comes first: a regular expression fails on a text of more
-- than 256 MiB. A body that begins with RETURN is put in the place of the call.
CREATE OR REPLACE FUNCTION countersign.signing_time(signed_at text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN octet_length(signed_at) = 20 THEN CASE WHEN signed_at ~
    ('^(20[0-9]{2}-((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)'
     '|20([02468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$')
    THEN signed_at::timestamptz END END;

-- What a submission says, and whether all of it is well formed. NULL for what cannot be understood; a signature that is no
-- armor is an empty one, which is invalid: what stands there by mistake may be a code.
--
-- A regular expression works out its automaton anew for each text: those of a code and of a UUID took 132,000 instructions of an
-- app's insert, and what stands here 25,000. It takes away from the bytes at the left what is allowed, and nothing may be left;
-- of characters each step takes four times as long. Lengths come first, so that what is long is not looked at; and in LIKE each
-- _ is one character, which the bytes say to be one byte.
--
-- One statement is read here, and put in the place of each call: the trigger asks for the row of an app's session, and
-- submit_answers() for many at once.
CREATE OR REPLACE FUNCTION countersign.submission_content(
    otp text, enrollment_id text, action text, signed_at text, prompt_digest text, signature text, deny_reason text,
    channel text
) RETURNS TABLE (
    transaction_id uuid, secret_digest bytea, enrollment uuid, signed_time timestamptz, armor text, is_well_formed boolean
)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT encode(substring(c.code FOR 16), 'hex')::uuid, sha256(substring(c.code FROM 17)),
           c.enrollment, c.signed_time,
           CASE WHEN octet_length(submission_content.signature) > 16384
                     OR starts_with(ltrim(submission_content.signature, E' \t\r\n'), '-----BEGIN PGP SIGNATURE-----')
                THEN submission_content.signature WHEN submission_content.signature IS NOT NULL THEN '' END,
           c.code IS NOT NULL AND c.enrollment IS NOT NULL AND submission_content.action IN ('scan', 'accept', 'deny', 'confirm')
               AND (submission_content.signed_at IS NULL OR c.signed_time IS NOT NULL)
               AND CASE WHEN submission_content.prompt_digest IS NULL OR submission_content.prompt_digest = '-' THEN true
                        WHEN octet_length(submission_content.prompt_digest) = 64
                        THEN ltrim(convert_to(submission_content.prompt_digest, 'UTF8'), '0123456789abcdef') = '' END
               AND (submission_content.signature IS NULL OR octet_length(submission_content.signature) <= 16384)
               AND (submission_content.deny_reason IS NULL
                    OR submission_content.deny_reason = 'not_me' AND submission_content.action = 'deny')
               AND (submission_content.channel IS NULL OR submission_content.channel IN ('qr', 'link'))
    FROM (SELECT CASE WHEN octet_length(submission_content.otp) = 64
                      THEN CASE WHEN ltrim(convert_to(submission_content.otp, 'UTF8'),
                                           'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') = ''
                           THEN decode(replace(replace(submission_content.otp, '-', '+'), '_', '/'), 'base64') END END AS code,
                 CASE WHEN submission_content.enrollment_id LIKE '________-____-____-____-____________'
                      THEN CASE WHEN octet_length(replace(submission_content.enrollment_id, '-', '')) = 32
                                     AND ltrim(convert_to(submission_content.enrollment_id, 'UTF8'),
                                               '0123456789-abcdefABCDEF') = ''
                           THEN submission_content.enrollment_id::uuid END END AS enrollment,
                 countersign.signing_time(submission_content.signed_at) AS signed_time OFFSET 0) AS c;
END;

-- Takes a submission apart. It never raises for what the app sent: a failing statement is logged with its
-- literals, and the code is one of them. The code itself is not stored; its digest is.
CREATE OR REPLACE FUNCTION countersign.take_submission() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    faults text := '';
    usual boolean;
    fine boolean;
    free boolean;
    refused boolean;
BEGIN
    -- Only the owner may write status: a row that has one is not sent now but restored (pg_restore --data-only, logical
    -- replication, which fires this trigger, too), or was filled in by submit_answers(). It stays as it is; a code is not stored
    -- from there either.
    IF NEW.status IS NOT NULL THEN
        NEW.otp := NULL;
        RETURN NEW;
    END IF;
    -- One query, because each expression of a PL/pgSQL function is prepared anew in each transaction. It only says whether all is
    -- well; what is not, further queries find out. An address of IPv4 is known here by its form: is_inet(), which opens a
    -- subtransaction to try, cost 47,000 instructions a row, and this 20,000.
    SELECT a.app_id, clock_timestamp(), 'pending', NULL, c.transaction_id, c.secret_digest, c.enrollment, c.signed_time, NULL,
           c.armor, c.is_well_formed,
           NOT a.over_limit AND pg_stat_get_xact_tuples_inserted('countersign.validate_queue'::regclass) < a.max_waiting
               AND pg_stat_get_xact_tuples_inserted('countersign.validate_queue'::regclass) % 16 <> 1
               -- IS TRUE keeps the planner from the index by app, which costs nothing while nothing waits, and reads all of it.
               AND NOT EXISTS (SELECT FROM countersign.validate_queue q
                               WHERE q.enrollment_id = c.enrollment AND (q.app_id = a.app_id) IS TRUE),
           -- Of a device with none lately there is nothing to count. By bounds that are known when it is planned: with all the
           -- days in the plan each insert locked 39 partitions, which took 1.5 ms.
           c.enrollment IS NOT NULL AND EXISTS (
               SELECT FROM countersign.submissions m
               WHERE m.enrollment = c.enrollment AND m.reason = 'malformed' AND countersign.is_recent(m.submission_id)),
           coalesce(countersign.is_ipv4(NEW.ip_address), NEW.ip_address IS NULL) AND NEW.user_agent IS NULL
        INTO NEW.app_id, NEW.submitted_at, NEW.status, NEW.otp, NEW.transaction_id, NEW.secret_digest,
             NEW.enrollment, NEW.signed_time, NEW.detail, NEW.signature, fine, free, refused, usual
        FROM countersign.apps a
        CROSS JOIN LATERAL countersign.submission_content(
            NEW.otp, NEW.enrollment_id, NEW.action, NEW.signed_at, NEW.prompt_digest, NEW.signature, NEW.deny_reason,
            NEW.channel) AS c
        WHERE a.app_id = coalesce(NEW.app_id, (SELECT own.app_id FROM countersign.apps own WHERE own.login = session_user),
                                  (SELECT countersign.current_app()));
    IF (fine AND free AND NOT refused AND usual) IS NOT TRUE THEN
        IF NEW.app_id IS NULL THEN
            -- not content: this login may not submit at all; the code stays out of the message
            PERFORM countersign.refuse('CS008', format('login %s belongs to no app', session_user));
        END IF;
        IF fine IS NOT TRUE THEN
            faults := concat_ws('; ',
                CASE WHEN NEW.secret_digest IS NULL THEN 'otp must be 64 characters of A-Z, a-z, 0-9, - and _' END,
                CASE WHEN NEW.enrollment IS NULL THEN 'enrollment_id must be a UUID' END,
                CASE WHEN (NEW.action IN ('scan', 'accept', 'deny', 'confirm')) IS NOT TRUE
                     THEN 'action must be scan, accept, deny or confirm' END,
                CASE WHEN NEW.signed_at IS NOT NULL AND NEW.signed_time IS NULL
                     THEN 'signed_at must be like 2026-01-31T12:00:00Z' END,
                CASE WHEN CASE octet_length(NEW.prompt_digest) WHEN 64 THEN ltrim(NEW.prompt_digest, '0123456789abcdef') <> ''
                          ELSE NEW.prompt_digest <> '-' END
                     THEN 'prompt_digest must be 64 hexadecimal digits in lower case, or -' END,
                CASE WHEN octet_length(NEW.signature) > 16384 THEN 'signature may have 16,384 bytes' END,
                CASE WHEN NEW.deny_reason <> 'not_me' OR NEW.deny_reason IS NOT NULL AND NEW.action IS DISTINCT FROM 'deny'
                     THEN 'deny_reason must be not_me, and goes with the action deny' END,
                CASE WHEN NEW.channel NOT IN ('qr', 'link') THEN 'channel must be qr or link' END);
        END IF;
        IF free IS NOT TRUE THEN
            -- What waits of a device is looked at for each; housekeep counts an app's once a second, and who has inserted so
            -- many lately by this session looks whether its transaction alone has come to the limit.
            SELECT CASE WHEN (SELECT count(*) FROM (SELECT FROM countersign.validate_queue q
                                                    WHERE q.enrollment_id = NEW.enrollment AND (q.app_id = a.app_id) IS TRUE
                                                    LIMIT a.max_waiting_per_device) AS waiting) = a.max_waiting_per_device
                    THEN format('%s submissions of this device wait to be judged, which is the limit',
                                a.max_waiting_per_device)
                    WHEN a.over_limit OR a.max_waiting <= pg_stat_get_xact_tuples_inserted(
                             'countersign.validate_queue'::regclass) AND a.max_waiting <= (
                        SELECT count(*) FROM (SELECT FROM countersign.validate_queue q
                                              WHERE q.app_id = a.app_id
                                                AND q.submission_id >= countersign.uuid_floor(now())
                                              LIMIT a.max_waiting) AS waiting)
                    THEN format('%s submissions of this app wait to be judged, which is the limit', a.max_waiting)
                    -- See check_savepoints, which would raise. Not for each row of many, as it reads the locks of all sessions: who
                    -- is refused adds nothing to the queue, so that the next row is looked at, too.
                    WHEN pg_current_xact_id_if_assigned() IS NOT NULL
                         AND pg_stat_get_xact_tuples_inserted('countersign.validate_queue'::regclass) % 16 = 1
                         AND countersign.open_savepoints() > 16
                    THEN 'sent within more than 16 savepoints that are open; at most 16 are allowed' END
                INTO NEW.detail FROM countersign.apps a WHERE a.app_id = NEW.app_id;
        END IF;
        -- What says nothing is dropped: neither decides whether this can be judged.
        IF NEW.ip_address IS NOT NULL AND NOT countersign.is_inet(left(NEW.ip_address, 100)) THEN
            NEW.ip_address := NULL;
        END IF;
        IF NEW.user_agent IS NOT NULL THEN
            NEW.user_agent := regexp_replace(left(NEW.user_agent, 1024), countersign.unshowable_characters(), '', 'g');
        END IF;
        IF refused THEN
            refused := countersign.has_too_many_malformed(NEW.app_id, NEW.enrollment);
        END IF;
        IF faults <> '' OR NEW.detail IS NOT NULL OR refused THEN
            -- Nothing of a malformed submission is kept but what was understood: a code may stand in the wrong column.
            NEW.status := 'rejected';
            NEW.reason := CASE WHEN refused THEN 'too_many_malformed' WHEN faults = '' THEN 'too_many_waiting' ELSE 'malformed' END;
            NEW.detail := CASE WHEN refused THEN 'too many submissions of this user were malformed within ten minutes'
                               WHEN faults = '' THEN NEW.detail ELSE faults END;
            NEW.resolved_at := NEW.submitted_at;
            NEW.enrollment_id := NEW.enrollment::text;
            NEW.action := CASE WHEN NEW.action IN ('scan', 'accept', 'deny', 'confirm') THEN NEW.action END;
            NEW.signed_at := CASE WHEN NEW.signed_time IS NOT NULL THEN NEW.signed_at END;
            NEW.prompt_digest := NULL;
            NEW.signature := NULL;
            NEW.deny_reason := NULL;
            NEW.channel := NULL;
            NEW.ip_address := NULL;
            NEW.user_agent := NULL;
            PERFORM countersign.tell_apps(ARRAY[NEW.app_id], ARRAY[NEW.submission_id], ARRAY['rejected']);
            RETURN NEW;
        END IF;
    END IF;

    INSERT INTO countersign.validate_queue (app_id, submission_id, enrollment_id)
        VALUES (NEW.app_id, NEW.submission_id, NEW.enrollment);
    IF NOT pg_try_advisory_xact_lock_shared(countersign.bell_key('validate'), pg_backend_pid() & 15) THEN
        PERFORM countersign.ring('validate');
    END IF;
    RETURN NEW;
END
$$;

-- A submission of whatever day, like request_of_any_day().
CREATE OR REPLACE FUNCTION countersign.submission_of_any_day(id uuid) RETURNS SETOF countersign.submissions
LANGUAGE plpgsql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY SELECT * FROM countersign.submissions s WHERE s.submission_id = id;
END
$$;

-- The submission's result as soon as it is known; result is 'pending' when the time ran out first. Its verdict takes it
-- out of the queue; how that is looked at, await_otp tells. Returns early,
-- still pending, when a migration needs the tables.
CREATE OR REPLACE FUNCTION countersign.await_submission(submission_id uuid, timeout interval)
RETURNS SETOF countersign.submission_results
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    began timestamptz;
    deadline timestamptz;
    app integer;
    written xid;
    usual double precision;
    pause double precision;
    looks integer := 0;
    ignored text;
    answer countersign.submission_results%ROWTYPE;
BEGIN
    IF timeout IS NULL OR timeout < interval '0' OR timeout > interval '10 s'
       OR current_setting('transaction_isolation') <> 'read committed'
       OR EXISTS (SELECT FROM countersign.schema_turn t WHERE t.wants_until > clock_timestamp()) THEN
        deadline := countersign.wait_until(timeout);
    END IF;
    SELECT a.app_id, (SELECT q.xmin FROM countersign.validate_queue q
                      WHERE q.app_id = a.app_id AND q.submission_id = await_submission.submission_id)
        INTO app, written FROM countersign.apps a WHERE a.login = session_user;
    IF app IS NULL THEN
        app := countersign.current_app();
        written := (SELECT q.xmin FROM countersign.validate_queue q
                    WHERE q.app_id = app AND q.submission_id = await_submission.submission_id);
    END IF;
    IF written IS NOT NULL THEN
        -- A row that this transaction has written is one that it has inserted: apps can write nothing else there.
        IF pg_current_xact_id_if_assigned() IS NOT NULL AND countersign.is_own_row(written) THEN
            PERFORM countersign.refuse('CS003', 'the submission was inserted by this transaction: commit it first');
        END IF;
        began := clock_timestamp();
        deadline := coalesce(deadline, began + timeout);
        usual := countersign.usual_wait('countersign.usual_verdict');
        pause := usual;
        WHILE clock_timestamp() < deadline LOOP
            ignored := pg_sleep(pause);
            EXIT WHEN NOT EXISTS (SELECT FROM countersign.validate_queue q
                                  WHERE q.app_id = app AND q.submission_id = await_submission.submission_id)
                      OR EXISTS (SELECT FROM countersign.schema_turn t WHERE t.wants_until > clock_timestamp());
            looks := looks + 1;
            pause := countersign.next_pause(usual, looks);
        END LOOP;
        ignored := countersign.note_wait('countersign.usual_verdict', usual, looks, began);
    END IF;
    SELECT s.submission_id, s.transaction_id, s.action, s.status, s.reason, NULL, s.detail,
           CASE WHEN s.channel = 'link' AND s.action = 'accept' AND s.status = 'accepted'
                THEN countersign.return_address(s.transaction_id, s.submission_id) END
        INTO answer FROM countersign.submissions s
        WHERE s.submission_id = await_submission.submission_id AND s.app_id = app AND countersign.is_recent(s.submission_id);
    IF NOT FOUND THEN
        SELECT s.submission_id, s.transaction_id, s.action, s.status, s.reason, NULL, s.detail,
               CASE WHEN s.channel = 'link' AND s.action = 'accept' AND s.status = 'accepted'
                    THEN countersign.return_address(s.transaction_id, s.submission_id) END
            INTO answer FROM countersign.submissions s
            WHERE s.submission_id = await_submission.submission_id AND s.app_id = app;
        IF NOT FOUND THEN
            PERFORM countersign.refuse('CS003', 'submission_id is not that of a submission of this app');
        END IF;
    END IF;
    -- A query of its own, which looks into the one day of the request: what joins it prepares for each of these days.
    IF answer.action = 'scan' AND answer.result = 'accepted' THEN
        SELECT coalesce(r.prompt, countersign.answered_prompt(r.transaction_id, r.resolved_at)) INTO answer.prompt
            FROM countersign.auth_requests r
            WHERE r.transaction_id = answer.transaction_id AND countersign.is_recent(r.transaction_id);
        IF NOT FOUND THEN
            answer.prompt := countersign.answered_prompt(answer.transaction_id, NULL);
        END IF;
    END IF;
    RETURN NEXT answer;
END
$$;
COMMENT ON FUNCTION countersign.await_submission(uuid, interval) IS
    'The submission''s row of submission_results as soon as it is judged, at most 10 seconds later; result is pending '
    'when the time ran out first, or a migration needed the tables: ask again. Needs READ COMMITTED, and a submission '
    'that was committed before (CS003).';
