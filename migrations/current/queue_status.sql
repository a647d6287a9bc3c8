-- What waits in each stage: exact up to 10,000 rows, beyond that an estimate.

-- Since when the oldest row waits that a worker may take: a paused or disabled portal's rows wait on purpose. A row
-- behind an open breaker waits for its receiver, and one portal's dead server is no reason to wake anybody up.
-- Endpoints are visited by skipping through the index, at most 1,024 of a portal, as the claim does it; the rows of
-- each are in order of time.
CREATE OR REPLACE FUNCTION countersign.stage_oldest(stage text, moment timestamptz) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    -- Statements of their own: one of all five plans them all at a session's first look, which took 7 ms where one takes 2.
    IF stage = 'issue' THEN
        RETURN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.portals p CROSS JOIN LATERAL
            (SELECT q.transaction_id AS id FROM countersign.issue_queue q WHERE q.portal_id = p.portal_id
             ORDER BY q.transaction_id LIMIT 1) head WHERE p.enabled AND NOT p.paused);
    ELSIF stage = 'validate' THEN
        RETURN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
            (SELECT q.submission_id AS id FROM countersign.validate_queue q WHERE q.app_id = a.app_id
             ORDER BY q.submission_id LIMIT 1) head);
    ELSIF stage = 'dispatch' THEN
        RETURN (
            WITH RECURSIVE lanes (portal_id, origin, due_at, nth) AS (
                (SELECT q.portal_id, q.origin, q.due_at, 1 FROM countersign.dispatch_queue q
                 ORDER BY q.portal_id, q.origin, q.due_at LIMIT 1)
                UNION ALL
                SELECT following.portal_id, following.origin, following.due_at,
                       CASE WHEN following.portal_id = lanes.portal_id THEN lanes.nth + 1 ELSE 1 END
                FROM lanes CROSS JOIN LATERAL (
                    SELECT q.portal_id, q.origin, q.due_at FROM countersign.dispatch_queue q
                    WHERE (q.portal_id, q.origin)  -- every origin begins with http, so 'i' is after them
                          > (lanes.portal_id, CASE WHEN lanes.nth < 1024 THEN lanes.origin ELSE 'i' END)
                    ORDER BY q.portal_id, q.origin, q.due_at LIMIT 1) AS following
            )
            SELECT min(lanes.due_at) FROM lanes
            JOIN countersign.portals p ON p.portal_id = lanes.portal_id AND p.enabled AND NOT p.paused
            WHERE lanes.due_at <= moment AND NOT EXISTS (
                SELECT FROM countersign.webhook_endpoints e
                WHERE e.portal_id = lanes.portal_id AND e.origin = lanes.origin AND e.state <> 'closed'));
    ELSIF stage = 'expire' THEN
        RETURN (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
                ORDER BY r.open_until LIMIT 1);
    ELSIF stage = 'enroll' THEN
        RETURN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
            (SELECT e.enrollment_id AS id FROM countersign.enrollments e
             WHERE e.status = 'pending' AND e.app_id = a.app_id ORDER BY e.enrollment_id LIMIT 1) head);
    END IF;
    RETURN NULL;
END
$$;

-- Whether all that a stage's count can pass, alive or gone, is little: by the size of the queue, or of the index with
-- what waits in a table that holds much else. Sizes are true at every moment; what PostgreSQL counts as dead is not.
CREATE OR REPLACE FUNCTION countersign.is_quick(stage text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page constant integer := current_setting('block_size');
BEGIN
    IF stage IN ('issue', 'validate', 'dispatch') THEN  -- rows of dispatch are longer, so fewer are on a page
        RETURN pg_relation_size('countersign.' || stage || '_queue')
               <= page * CASE stage WHEN 'dispatch' THEN 480 ELSE 160 END;
    ELSIF stage = 'enroll' THEN
        RETURN pg_relation_size('countersign.enrollments_pending') <= 64 * page;
    ELSIF stage = 'expire' THEN
        RETURN (SELECT max(pg_relation_size(i.inhrelid)) <= 64 * page FROM pg_inherits i
                WHERE i.inhparent = 'countersign.auth_requests_open_until'::regclass);
    END IF;
    RETURN true;
END
$$;

-- Waiting rows of a queue, counted to just over 10,000: page after page, and never by way of an index.
CREATE OR REPLACE FUNCTION countersign.counted_queue(stage text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET enable_indexscan = off SET enable_indexonlyscan = off SET enable_bitmapscan = off SET jit = off AS $$
BEGIN
    IF stage = 'issue' THEN
        RETURN (SELECT count(*) FROM (SELECT FROM countersign.issue_queue LIMIT 10001) x);
    ELSIF stage = 'validate' THEN
        RETURN (SELECT count(*) FROM (SELECT FROM countersign.validate_queue LIMIT 10001) x);
    END IF;
    RETURN (SELECT count(*) FROM (SELECT FROM countersign.dispatch_queue WHERE NOT leased LIMIT 10001) x);
END
$$;

-- The same of tables that hold much else, by the index with what waits, to just over `most`.
CREATE OR REPLACE FUNCTION countersign.counted_spread(stage text, moment timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
BEGIN
    IF stage = 'expire' THEN
        RETURN (SELECT count(*) FROM (SELECT FROM countersign.auth_requests
                                      WHERE open_until <= moment LIMIT most + 1) x);
    END IF;
    RETURN (SELECT count(*) FROM (SELECT FROM countersign.enrollments WHERE status = 'pending' LIMIT most + 1) x);
END
$$;

-- Counted, and the oldest row looked for, however many rows that are gone have to be passed. Where an index has to be
-- followed a sample saves the way to 10,000 when there are clearly more.
CREATE OR REPLACE FUNCTION countersign.walked_figure(
    stage text, moment timestamptz, OUT waiting bigint, OUT estimated boolean, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_queue boolean := stage IN ('issue', 'validate', 'dispatch');
    first integer := CASE WHEN is_queue THEN 10000 ELSE 1000 END;
    guess bigint;
BEGIN
    estimated := false;
    IF stage = 'housekeep' THEN
        waiting := (SELECT count(*) FROM countersign.missing_partitions());
        RETURN;
    END IF;
    waiting := CASE WHEN is_queue THEN countersign.counted_queue(stage)
                    ELSE countersign.counted_spread(stage, moment, first) END;
    IF waiting > 0 THEN
        oldest := countersign.stage_oldest(stage, moment);
    END IF;
    IF waiting > first THEN
        guess := (SELECT e.waiting FROM countersign.estimated_figure(stage, oldest, moment) e);
        IF NOT is_queue AND guess <= 20000 THEN
            waiting := countersign.counted_spread(stage, moment, 10000);
        END IF;
        estimated := waiting > 10000 OR guess > 20000;
        waiting := CASE WHEN estimated THEN greatest(waiting, guess) ELSE waiting END;
    END IF;
END
$$;

-- Writes down what waits, once a second by the worker that keeps house; that one pays for what may cost more.
CREATE OR REPLACE FUNCTION countersign.measure_queues() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    INSERT INTO countersign.queue_figures (stage, measured_at, waiting, estimated, oldest)
        SELECT s.stage, moment, f.waiting, f.estimated, f.oldest
        FROM unnest(ARRAY['enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep']) AS s (stage)
        CROSS JOIN LATERAL countersign.walked_figure(s.stage, moment) AS f
        ON CONFLICT (stage) DO UPDATE SET measured_at = excluded.measured_at, waiting = excluded.waiting,
            estimated = excluded.estimated, oldest = excluded.oldest;
END
$$;

-- For somebody who waits for the answer: a queue is walked where the way is short. Else, and for the other stages first of
-- all, it is what the worker that keeps house found within five seconds; without one walked where the way is short, or a
-- sample. A long queue is worked off faster than that, and sampled at once.
CREATE OR REPLACE FUNCTION countersign.stage_figure(
    stage text, moment timestamptz, OUT waiting bigint, OUT estimated boolean, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_queue boolean := stage IN ('issue', 'validate', 'dispatch');
    known countersign.queue_figures;
BEGIN
    SELECT f.* INTO known FROM countersign.queue_figures f
        WHERE f.stage = stage_figure.stage AND f.measured_at > moment - interval '5 s';
    IF (is_queue OR known.stage IS NULL) AND countersign.is_quick(stage) THEN
        SELECT f.* INTO waiting, estimated, oldest FROM countersign.walked_figure(stage, moment) f;
        RETURN;
    END IF;
    waiting := known.waiting;
    estimated := known.estimated;
    oldest := known.oldest;
    -- Few rows a moment ago, and many by PostgreSQL's own count: a burst, or sessions that have not reported yet.
    IF waiting IS NULL OR is_queue AND (known.estimated OR pg_stat_get_live_tuples(
            ('countersign.' || stage || '_queue')::regclass) > 20000) THEN
        SELECT e.* INTO waiting, oldest FROM countersign.estimated_figure(stage, NULL, moment) e;
        estimated := true;
        oldest := coalesce(known.oldest, oldest);
        IF NOT known.estimated AND waiting <= 20000 THEN
            waiting := known.waiting;
            estimated := false;
            oldest := known.oldest;
        END IF;
    END IF;
END
$$;

-- The queues as operators see them, a row a stage; live workers are those that were heard of in the last 15 s.
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
    SELECT c.stage, f.waiting, f.estimated, f.oldest, coalesce(l.in_flight, 0)::bigint, coalesce(l.done, 0)::bigint
    FROM countersign.stage_controls c
    CROSS JOIN LATERAL countersign.stage_figure(c.stage, moment) f
    LEFT JOIN live l ON l.stage = c.stage
    ORDER BY countersign.stage_number(c.stage);
END
$$;
COMMENT ON FUNCTION countersign.queue_status() IS
    'What waits in each stage, since when, what is being done, and what was done in the last minute. Exact up to '
    '10,000 waiting rows, beyond that an estimate.';
