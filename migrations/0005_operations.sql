-- Operations: pausing stages and portals, what every worker is told while it runs, figures that stay cheap to ask
-- for whatever the backlog, the console's accounts, and the trace that a request belongs to.
-- minimum-binary: 2
--
-- Nothing here is written once a row. What operators change stands in small tables that each worker reads once a
-- second; what they ask for is read from indexes, from PostgreSQL's own statistics, or counted up to a limit.

---------------------------------------------------------------------------------------------------------
-- Acting: each worker looks once a second.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.stage_controls (
    stage       text PRIMARY KEY CONSTRAINT stage_controls_stage CHECK (stage IN
                    ('enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep')),
    paused      boolean NOT NULL DEFAULT false,
    batch_size  integer  -- NULL: what each worker was started with
                CONSTRAINT stage_controls_batch_size CHECK (batch_size BETWEEN 1 AND 1000),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO countersign.stage_controls (stage)
    SELECT unnest(ARRAY['enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep']);

-- A module's level wins over --log-level. `all` is every module that has none of its own.
CREATE TABLE countersign.log_levels (
    module      text PRIMARY KEY CONSTRAINT log_levels_module CHECK (module ~ '^[a-z][a-z0-9-]{0,31}$'),
    level       text NOT NULL CONSTRAINT log_levels_level CHECK (level IN
                    ('trace', 'debug', 'info', 'notice', 'warning', 'error', 'critical')),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A paused portal's requests are accepted and wait; a disabled portal's are refused. They still expire.
ALTER TABLE countersign.portals ADD COLUMN paused boolean NOT NULL DEFAULT false;
ALTER TABLE countersign.workers ADD COLUMN drain_requested boolean NOT NULL DEFAULT false;

---------------------------------------------------------------------------------------------------------
-- Who did it: the console works for several people with one login, and names them in countersign.operator. Nobody
-- but an administrator is believed.
---------------------------------------------------------------------------------------------------------
ALTER TABLE countersign.events ALTER COLUMN actor SET DEFAULT
    CASE WHEN current_setting('countersign.operator', true) <> ''
              AND pg_has_role(session_user, 'countersign_admin', 'MEMBER')
         THEN current_setting('countersign.operator', true) ELSE session_user::text END;

-- The console's accounts.
CREATE TABLE countersign.operators (
    name           text PRIMARY KEY CONSTRAINT operators_name_form CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_admin       boolean NOT NULL DEFAULT false,
    password_hash  text NOT NULL  -- scrypt, see SlowHash
);
-- A session is known by the SHA-256 of its cookie: who reads this table cannot sign in with it.
CREATE TABLE countersign.operator_sessions (
    token_digest  bytea PRIMARY KEY,
    operator      text NOT NULL REFERENCES countersign.operators ON DELETE CASCADE,
    expires_at    timestamptz NOT NULL
);

---------------------------------------------------------------------------------------------------------
-- The trace (W3C Trace Context 1.0 section 3.2) that the portal's call was part of; its webhook carries it on.
---------------------------------------------------------------------------------------------------------
ALTER TABLE countersign.auth_requests ADD COLUMN traceparent text;

-- A traceparent that is none is ignored, as the standard wants it, and never a reason to refuse a sign-in.
CREATE FUNCTION countersign.take_traceparent() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF octet_length(NEW.traceparent) <> 55
       OR NEW.traceparent !~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$' THEN
        NEW.traceparent := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER take_traceparent BEFORE INSERT ON countersign.auth_requests
    FOR EACH ROW WHEN (NEW.traceparent IS NOT NULL) EXECUTE FUNCTION countersign.take_traceparent();

---------------------------------------------------------------------------------------------------------
-- How much waits: exact up to 10,000 rows, an estimate beyond.
---------------------------------------------------------------------------------------------------------

-- Rows of a table from 24 of its pages, spread evenly over it, in one statement.
CREATE FUNCTION countersign.sampled_rows(queue regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    pages bigint := pg_relation_size(queue) / current_setting('block_size')::integer;
    places bigint := least(pages, 24);
    sampled bigint;
BEGIN
    IF pages = 0 THEN
        RETURN 0;
    END IF;
    EXECUTE (SELECT 'SELECT ' || string_agg(format('(SELECT count(*) FROM %1$s '
                 'WHERE ctid >= ''(%2$s,0)'' AND ctid < ''(%3$s,0)'')', queue, page, page + 1), ' + ')
             FROM (SELECT floor((place + 0.5) * pages / places)::bigint AS page
                   FROM generate_series(0, places - 1) AS place) AS chosen) INTO sampled;
    RETURN sampled * pages / places;
END
$$;

-- Rows of a queue table without counting them. PostgreSQL counts inserted minus deleted rows by itself, however
-- much dead space the table has, which its size would mistake for rows. Those counts are a second old; a session
-- that did one thing and then idles reports it after ten, and after a crash they begin at zero. So they are
-- believed while a sample of pages does not speak against them, and else the sample is.
CREATE OR REPLACE FUNCTION countersign.estimated_rows(queue regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live bigint := pg_stat_get_live_tuples(queue);
    sampled bigint;
BEGIN
    IF live <= 20000 AND pg_relation_size(queue) < 2000000 THEN
        RETURN live;
    END IF;
    sampled := countersign.sampled_rows(queue);
    RETURN CASE WHEN sampled BETWEEN live / 4 AND live * 4 THEN live ELSE sampled END;
END
$$;

-- Rows in a sixteenth of a span of time in which `seen` rows, at most 64, were looked at: all of them, or as many
-- as lie there when the rest of it is as dense as up to `last`.
CREATE FUNCTION countersign.dense_rows(seen bigint, since timestamptz, last timestamptz, width interval)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE WHEN seen < 64 THEN seen
                ELSE seen * greatest(1, least(100000, date_part('epoch', width)
                                                       / greatest(date_part('epoch', last - since), 0.000001))) END;
END
$$;

-- Requests whose time is over, from how densely they lie in time. Their ids were made at most ten minutes before.
CREATE FUNCTION countersign.estimated_due(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off SET jit = off AS $$
DECLARE
    low timestamptz := (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
                        ORDER BY r.open_until LIMIT 1);
    high timestamptz;
    width interval;
    since timestamptz;
    seen bigint;
    last timestamptz;
    total double precision := 0;
BEGIN
    IF low IS NULL THEN
        RETURN 0;
    END IF;
    high := (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
             ORDER BY r.open_until DESC LIMIT 1);
    width := (high - low) / 16 + interval '1 us';
    FOR n IN 0 .. 15 LOOP
        since := low + n * width;
        SELECT count(*), max(x.at) INTO seen, last FROM (
            SELECT r.open_until AS at FROM countersign.auth_requests r
            WHERE r.open_until >= since AND r.open_until < since + width
              AND r.transaction_id >= countersign.uuid_floor(since - interval '11 min')
              AND r.transaction_id <= countersign.uuid_floor(since + width)
            ORDER BY r.open_until LIMIT 64) x;
        total := total + countersign.dense_rows(seen, since, last, width);
    END LOOP;
    RETURN total;
END
$$;

-- Pending enrollments in the same way, from the time in their ids.
CREATE FUNCTION countersign.estimated_pending(app integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off SET jit = off AS $$
DECLARE
    low timestamptz := countersign.uuid_time((SELECT e.enrollment_id FROM countersign.enrollments e
        WHERE e.status = 'pending' AND e.app_id = app ORDER BY e.enrollment_id LIMIT 1));
    high timestamptz := countersign.uuid_time((SELECT e.enrollment_id FROM countersign.enrollments e
        WHERE e.status = 'pending' AND e.app_id = app ORDER BY e.enrollment_id DESC LIMIT 1));
    width interval := (high - low) / 16 + interval '1 ms';
    since timestamptz;
    seen bigint;
    last timestamptz;
    total double precision := 0;
BEGIN
    FOR n IN 0 .. CASE WHEN low IS NULL THEN -1 ELSE 15 END LOOP
        since := low + n * width;
        SELECT count(*), countersign.uuid_time(max(x.id::text)::uuid) INTO seen, last FROM (
            SELECT e.enrollment_id AS id FROM countersign.enrollments e
            WHERE e.status = 'pending' AND e.app_id = app AND e.enrollment_id >= countersign.uuid_floor(since)
              AND e.enrollment_id < countersign.uuid_floor(since + width)
            ORDER BY e.enrollment_id LIMIT 64) x;
        total := total + countersign.dense_rows(seen, since, last, width);
    END LOOP;
    RETURN total;
END
$$;

-- One stage's waiting rows: counted to just over 10,000, unless the estimate already says twice that.
CREATE FUNCTION countersign.stage_depth(stage text, moment timestamptz, OUT waiting bigint, OUT estimated boolean)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET jit = off AS $$
DECLARE
    cap constant integer := 10000;
    guess bigint := CASE stage
        WHEN 'issue' THEN countersign.estimated_rows('countersign.issue_queue')
        WHEN 'validate' THEN countersign.estimated_rows('countersign.validate_queue')
        WHEN 'dispatch' THEN countersign.estimated_rows('countersign.dispatch_queue')
        WHEN 'expire' THEN countersign.estimated_due(moment)
        WHEN 'enroll' THEN (SELECT sum(countersign.estimated_pending(a.app_id)) FROM countersign.apps a)
        ELSE 0 END;
BEGIN
    guess := coalesce(guess, 0);
    estimated := guess > 2 * cap;
    waiting := guess;
    IF NOT estimated THEN
        waiting := CASE stage
            WHEN 'issue' THEN (SELECT count(*) FROM (SELECT FROM countersign.issue_queue LIMIT cap + 1) x)
            WHEN 'validate' THEN (SELECT count(*) FROM (SELECT FROM countersign.validate_queue LIMIT cap + 1) x)
            WHEN 'dispatch' THEN (SELECT count(*) FROM (SELECT FROM countersign.dispatch_queue
                                                        WHERE NOT leased LIMIT cap + 1) x)
            WHEN 'expire' THEN (SELECT count(*) FROM (SELECT FROM countersign.auth_requests
                                                      WHERE open_until <= moment LIMIT cap + 1) x)
            WHEN 'enroll' THEN (SELECT count(*) FROM (SELECT FROM countersign.enrollments
                                                      WHERE status = 'pending' LIMIT cap + 1) x)
            WHEN 'housekeep' THEN (SELECT count(*) FROM countersign.missing_partitions())
            END;
        estimated := waiting > cap;
        waiting := CASE WHEN estimated THEN greatest(waiting, guess) ELSE waiting END;
    END IF;
END
$$;

-- Since when the oldest row waits that a worker may take: a paused or disabled portal's rows wait on purpose.
CREATE FUNCTION countersign.stage_oldest(stage text, moment timestamptz) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN CASE stage
        WHEN 'issue' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.portals p CROSS JOIN LATERAL
            (SELECT q.transaction_id AS id FROM countersign.issue_queue q WHERE q.portal_id = p.portal_id
             ORDER BY q.transaction_id LIMIT 1) head WHERE p.enabled AND NOT p.paused)
        WHEN 'validate' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
            (SELECT q.submission_id AS id FROM countersign.validate_queue q WHERE q.app_id = a.app_id
             ORDER BY q.submission_id LIMIT 1) head)
        WHEN 'dispatch' THEN (SELECT min(head.at) FROM countersign.portals p CROSS JOIN LATERAL
            (SELECT q.due_at AS at FROM countersign.dispatch_queue q WHERE q.portal_id = p.portal_id
               AND q.due_at <= moment ORDER BY q.due_at LIMIT 1) head WHERE p.enabled AND NOT p.paused)
        WHEN 'expire' THEN (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
                            ORDER BY r.open_until LIMIT 1)
        WHEN 'enroll' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
            (SELECT e.enrollment_id AS id FROM countersign.enrollments e
             WHERE e.status = 'pending' AND e.app_id = a.app_id ORDER BY e.enrollment_id LIMIT 1) head)
        END;
END
$$;

CREATE OR REPLACE FUNCTION countersign.queue_status()
RETURNS TABLE (stage text, waiting bigint, estimated boolean, oldest timestamptz, in_flight bigint,
               done_last_minute bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    WITH live AS (
        SELECT w.stage, sum(w.in_flight) AS in_flight, sum(w.done_last_minute) AS done
        FROM countersign.worker_stages w JOIN countersign.workers p USING (worker_id)
        WHERE p.heartbeat_at > moment - interval '15 s' GROUP BY w.stage
    )
    SELECT c.stage, d.waiting, d.estimated, countersign.stage_oldest(c.stage, moment),
           coalesce(l.in_flight, 0)::bigint, coalesce(l.done, 0)::bigint
    FROM countersign.stage_controls c
    CROSS JOIN LATERAL countersign.stage_depth(c.stage, moment) d
    LEFT JOIN live l ON l.stage = c.stage
    ORDER BY countersign.stage_number(c.stage);
END
$$;

---------------------------------------------------------------------------------------------------------
-- The last hours, a row a stage and minute, for the console's sparklines. Written by the worker that keeps house.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.queue_history (
    minute     timestamptz NOT NULL,
    stage      text NOT NULL,
    waiting    bigint NOT NULL,
    done       bigint NOT NULL,
    PRIMARY KEY (stage, minute)
);

CREATE FUNCTION countersign.record_history() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO countersign.queue_history (minute, stage, waiting, done)
        SELECT date_trunc('minute', clock_timestamp()), s.stage, s.waiting, s.done_last_minute
        FROM countersign.queue_status() s
        ON CONFLICT (stage, minute) DO UPDATE SET waiting = excluded.waiting, done = excluded.done;
    DELETE FROM countersign.queue_history h WHERE h.minute < clock_timestamp() - interval '2 hours';
END
$$;

---------------------------------------------------------------------------------------------------------
-- What /metrics and /readyz say of the database besides the queues. No code, secret, user or address.
---------------------------------------------------------------------------------------------------------
CREATE FUNCTION countersign.operating_figures() RETURNS TABLE (name text, label text, value double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
    rows bigint;
BEGIN
    FOR part IN SELECT t.table_name FROM countersign.partitioned_tables t ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*) FROM (SELECT FROM countersign.%I LIMIT 1000) x',
                       part.table_name || '_default') INTO rows;
        name := 'default_partition_rows'; label := part.table_name; value := rows;
        RETURN NEXT;
    END LOOP;
    RETURN QUERY
        SELECT 'stage_paused', c.stage, c.paused::integer::float8 FROM countersign.stage_controls c
        UNION ALL
        SELECT 'portals', s.state, (SELECT count(*) FROM countersign.portals p WHERE CASE s.state
                WHEN 'enabled' THEN p.enabled AND NOT p.paused WHEN 'paused' THEN p.enabled AND p.paused
                WHEN 'disabled' THEN NOT p.enabled ELSE p.over_limit END)::float8
        FROM unnest(ARRAY['enabled', 'paused', 'disabled', 'over_limit']) AS s (state)
        UNION ALL
        SELECT 'workers', c.stage, (SELECT count(*) FROM countersign.worker_stages s
            JOIN countersign.workers w USING (worker_id) WHERE s.stage = c.stage AND NOT w.draining
              AND w.heartbeat_at > clock_timestamp() - interval '15 s')::float8 FROM countersign.stage_controls c
        UNION ALL
        SELECT 'partitions_ahead', t.table_name, coalesce((
            SELECT min(m.day) - (clock_timestamp() AT TIME ZONE 'UTC')::date - 1
            FROM countersign.missing_partitions(30) m WHERE m.table_name = t.table_name), 30)::float8
        FROM countersign.partitioned_tables t
        UNION ALL
        SELECT 'transactions_held', '', (pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                                         - pg_snapshot_xmin(pg_current_snapshot())::text::bigint)::float8
        UNION ALL
        SELECT 'notification_queue_usage', '', pg_notification_queue_usage();
END
$$;

-- Moves the rows of a default partition to where they belong, once their day has a partition. Returns how many.
-- The table is locked for as long as it takes: rows there are few, or something is very wrong.
CREATE FUNCTION countersign.mend_default_partition(table_name text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    parent text := (SELECT p.table_name FROM countersign.partitioned_tables p
                    WHERE p.table_name = mend_default_partition.table_name);
    stray text := parent || '_default';
    columns text;
    key text;
    day date;
    moved bigint;
BEGIN
    IF parent IS NULL THEN
        PERFORM countersign.refuse('CS003', 'table_name must be that of a partitioned table');
    END IF;
    SELECT a.attname INTO key FROM pg_partitioned_table p JOIN pg_attribute a
        ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = to_regclass('countersign.' || quote_ident(parent));
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns FROM pg_attribute a
        WHERE a.attrelid = to_regclass('countersign.' || quote_ident(parent)) AND a.attnum > 0
          AND NOT a.attisdropped;
    EXECUTE format('LOCK TABLE countersign.%I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('CREATE TEMPORARY TABLE stray ON COMMIT DROP AS SELECT * FROM countersign.%I', stray);
    EXECUTE format('DELETE FROM countersign.%I', stray);
    FOR day IN EXECUTE format('SELECT DISTINCT (countersign.uuid_time(%I) AT TIME ZONE ''UTC'')::date '
                              'FROM pg_temp.stray', key) LOOP
        IF to_regclass(format('countersign.%I', parent || '_' || to_char(day, 'YYYYMMDD'))) IS NULL
           AND day BETWEEN current_date - 7 AND current_date + 60 THEN
            PERFORM countersign.create_partition(parent, day);
        END IF;
    END LOOP;
    -- The rows were checked when they first came; a trigger would take them for new ones.
    EXECUTE format('ALTER TABLE countersign.%I DISABLE TRIGGER USER', parent);
    EXECUTE format('INSERT INTO countersign.%I (%s) SELECT %s FROM pg_temp.stray', parent, columns, columns);
    GET DIAGNOSTICS moved = ROW_COUNT;
    EXECUTE format('ALTER TABLE countersign.%I ENABLE TRIGGER USER', parent);
    IF parent = 'submissions' THEN
        ALTER TABLE countersign.submissions ENABLE ALWAYS TRIGGER take_submission;
    END IF;
    DROP TABLE pg_temp.stray;
    EXECUTE format('SELECT $1 - count(*) FROM countersign.%I', stray) INTO moved USING moved;
    RETURN moved;
END
$$;

---------------------------------------------------------------------------------------------------------
-- Grants
---------------------------------------------------------------------------------------------------------
REVOKE ALL ON countersign.stage_controls, countersign.log_levels, countersign.operators,
    countersign.operator_sessions, countersign.queue_history FROM PUBLIC;

GRANT INSERT (traceparent) ON countersign.auth_requests TO countersign_portal, countersign_gateway;
GRANT SELECT ON countersign.stage_controls TO countersign_worker, countersign_monitor, countersign_admin;
GRANT SELECT ON countersign.log_levels
    TO countersign_worker, countersign_gateway, countersign_monitor, countersign_admin;
GRANT SELECT ON countersign.queue_history TO countersign_monitor, countersign_admin;
GRANT SELECT (paused) ON countersign.portals TO countersign_monitor;
GRANT EXECUTE ON FUNCTION countersign.queue_status(), countersign.operating_figures()
    TO countersign_worker, countersign_gateway, countersign_monitor, countersign_admin;
GRANT EXECUTE ON FUNCTION countersign.record_history() TO countersign_worker;

GRANT UPDATE (paused, batch_size, updated_at) ON countersign.stage_controls TO countersign_admin;
GRANT INSERT, UPDATE, DELETE ON countersign.log_levels TO countersign_admin;
GRANT UPDATE (paused) ON countersign.portals TO countersign_admin;
GRANT UPDATE (drain_requested) ON countersign.workers TO countersign_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.operators, countersign.operator_sessions TO countersign_admin;
