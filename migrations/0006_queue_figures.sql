-- What waits, without a walk over what no longer does: who asks reads a bounded number of pages in whatever state
-- the tables are, and the worker that keeps house pays for what may cost more.
-- minimum-binary: 2
--
-- An index leads to rows that are gone until vacuum has taken them out: after two million rows were worked off, the
-- first look for the oldest one passed all of them, and while somebody held a snapshot every look did. Pages have no
-- such past: a page holds so many rows, alive or not, and a table has so many pages.

DROP FUNCTION countersign.stage_depth(text, timestamptz);
DROP FUNCTION countersign.estimated_pending(integer);
DROP FUNCTION countersign.estimated_due(timestamptz);
DROP FUNCTION countersign.dense_rows(bigint, timestamptz, timestamptz, interval);
DROP FUNCTION countersign.estimated_rows(regclass);
DROP FUNCTION countersign.sampled_rows(regclass);

-- A row a stage, written once a second by the worker that keeps house, and by no insert.
CREATE TABLE countersign.queue_figures (
    stage        text PRIMARY KEY,
    measured_at  timestamptz NOT NULL,
    waiting      bigint NOT NULL,
    estimated    boolean NOT NULL,
    oldest       timestamptz
) WITH (fillfactor = 50);

-- Where a stage's waiting rows are: their table, what tells them from its other rows ($1 is the moment), the key with
-- the time when each was made, and since when a row waits (NULL when no worker may take it: it waits on purpose).
CREATE FUNCTION countersign.stage_source(
    stage text, OUT source regclass, OUT condition text, OUT key text, OUT age text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken constant text := 'portal_id IN (SELECT portal_id FROM countersign.portals WHERE enabled AND NOT paused)';
BEGIN
    source := 'countersign.' || CASE stage WHEN 'expire' THEN 'auth_requests' WHEN 'enroll' THEN 'enrollments'
                                           ELSE stage || '_queue' END;
    condition := CASE stage WHEN 'expire' THEN 'open_until <= $1' WHEN 'enroll' THEN $c$status = 'pending'$c$
                            WHEN 'dispatch' THEN 'NOT leased' ELSE 'true' END;
    key := CASE stage WHEN 'enroll' THEN 'enrollment_id' WHEN 'validate' THEN 'submission_id'
                      ELSE 'transaction_id' END;
    age := CASE stage
        WHEN 'expire' THEN 'open_until'
        WHEN 'issue' THEN format('CASE WHEN %s THEN countersign.uuid_time(%I) END', taken, key)
        WHEN 'dispatch' THEN format('CASE WHEN due_at <= $1 AND %s AND %s THEN due_at END', taken,
            'NOT EXISTS (SELECT FROM countersign.webhook_endpoints e WHERE e.portal_id = dispatch_queue.portal_id '
            'AND e.origin = dispatch_queue.origin AND e.state <> ''closed'')')
        ELSE format('countersign.uuid_time(%I)', key) END;
END
$$;

-- Since when the oldest row waits that a worker may take: as in 0005, but of dispatch. A row behind an open breaker
-- waits for its receiver, and one portal's dead server is no reason to wake anybody up. Endpoints are visited by
-- skipping through the index, at most 1,024 of a portal, as the claim does it; the rows of each are in order of time.
CREATE OR REPLACE FUNCTION countersign.stage_oldest(stage text, moment timestamptz) RETURNS timestamptz
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
        WHEN 'dispatch' THEN (
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
                WHERE e.portal_id = lanes.portal_id AND e.origin = lanes.origin AND e.state <> 'closed'))
        WHEN 'expire' THEN (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
                            ORDER BY r.open_until LIMIT 1)
        WHEN 'enroll' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
            (SELECT e.enrollment_id AS id FROM countersign.enrollments e
             WHERE e.status = 'pending' AND e.app_id = a.app_id ORDER BY e.enrollment_id LIMIT 1) head)
        END;
END
$$;

---------------------------------------------------------------------------------------------------------
-- Estimates
---------------------------------------------------------------------------------------------------------

-- What `places` pages, spread evenly from `first` to before `beyond`, say of all these pages: rows that meet the
-- condition, the variance of that number, and the oldest among the first such row of each page. The variance comes
-- from the differences of neighbours: a queue of which one end is worked off is as even as a full one.
CREATE FUNCTION countersign.page_sample(
    source regclass, first bigint, beyond bigint, places bigint, condition text, age text, moment timestamptz,
    OUT waiting double precision, OUT variance double precision, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    pages bigint := greatest(beyond - first, 0);
BEGIN
    places := least(places, pages);
    waiting := 0;
    variance := 0;
    IF places > 0 THEN
        EXECUTE format(
            'SELECT sum(s.n), coalesce(sum(s.step * s.step), 0) / 2, min(s.oldest) FROM ('
                'SELECT p.n, f.oldest, p.n - lag(p.n) OVER (ORDER BY c.place) AS step '
                'FROM (SELECT place, format(''(%%s,0)'', page)::tid AS head, '
                             'format(''(%%s,0)'', page + 1)::tid AS tail '
                      'FROM (SELECT place, $2 + (2 * place + 1) * $3 / (2 * $4) AS page '
                            'FROM generate_series(0, $4 - 1) AS place) AS spread OFFSET 0) AS c '
                'CROSS JOIN LATERAL (SELECT count(*) AS n FROM %1$s '
                    'WHERE ctid >= c.head AND ctid < c.tail AND %2$s) AS p '
                'LEFT JOIN LATERAL (SELECT %3$s AS oldest FROM %1$s '
                    'WHERE ctid >= c.head AND ctid < c.tail AND %2$s LIMIT 1) AS f ON p.n > 0) AS s',
            source, condition, age)
            INTO waiting, variance, oldest USING moment, first, pages, places;
        waiting := waiting * pages / places;
        variance := variance * (pages::float8 / places) ^ 2 * (1 - places::float8 / pages);
    END IF;
END
$$;

-- Rows of a queue. PostgreSQL itself counts inserted minus deleted rows, but those counts are a second old, ten when
-- a session did one thing and then idles, and after a crash they begin at zero. So they are believed while the
-- sample can have come from such a queue (a few rows among many pages without any may lie between its places), and
-- else the sample is: a larger one, when its pages differ much.
CREATE FUNCTION countersign.estimated_queue(
    source regclass, condition text, age text, moment timestamptz, OUT waiting bigint, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pages bigint := pg_relation_size(source) / current_setting('block_size')::integer;
    live bigint := pg_stat_get_live_tuples(source);
    sample record;
    slack double precision;
BEGIN
    FOR places IN 16 .. 128 BY 112 LOOP
        sample := countersign.page_sample(source, 0, pages, places, condition, age, moment);
        slack := 0.1 * sample.waiting + 3 * sqrt(sample.variance);
        waiting := CASE WHEN live BETWEEN sample.waiting - slack AND sample.waiting + slack + 64 * pages / places
                        THEN live ELSE sample.waiting END;
        oldest := sample.oldest;
        EXIT WHEN waiting = live OR sqrt(sample.variance) <= 0.06 * sample.waiting;
    END LOOP;
END
$$;

-- Waiting rows among many others of a table or its partitions. Those after the first row that was made at `since` are
-- looked at closely and those before from afar; ten times as many when they differ much. However short a burst was,
-- it is seen: what is sampled is pages and not time.
CREATE FUNCTION countersign.estimated_spread(
    source regclass, condition text, key text, age text, since timestamptz, moment timestamptz,
    OUT waiting bigint, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
DECLARE
    first_day name := (SELECT c.relname FROM pg_class c WHERE c.oid = source)
                      || to_char(since AT TIME ZONE 'UTC', '_YYYYMMDD');
    part record;
    mark bigint;
    near record;
    far record;
    total double precision;
    variance double precision;
BEGIN
    FOR places IN 48 .. 480 BY 432 LOOP
        total := 0;
        variance := 0;
        FOR part IN SELECT c.oid::regclass AS name,
                           pg_relation_size(c.oid) / current_setting('block_size')::integer AS pages
                    FROM (SELECT source::oid UNION ALL
                          SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = source) AS t (oid)
                    JOIN pg_class c ON c.oid = t.oid AND c.relkind = 'r'
                    WHERE c.oid = source OR c.relname >= first_day LOOP
            CONTINUE WHEN part.pages = 0;
            EXECUTE format('SELECT (ctid::text::point)[0] FROM %s WHERE %I >= $1 ORDER BY %2$I LIMIT 1',
                           part.name, key) INTO mark USING countersign.uuid_floor(since);
            mark := coalesce(mark, part.pages);
            near := countersign.page_sample(part.name, mark, part.pages, places, condition, age, moment);
            far := countersign.page_sample(part.name, 0, mark, places / 3, condition, age, moment);
            total := total + near.waiting + far.waiting;
            variance := variance + near.variance + far.variance;
            oldest := least(oldest, near.oldest, far.oldest);
        END LOOP;
        EXIT WHEN sqrt(variance) <= 0.06 * total;
    END LOOP;
    waiting := total;
END
$$;

-- `since` is when the oldest row began to wait, as far as that is known.
CREATE FUNCTION countersign.estimated_figure(
    stage text, since timestamptz, moment timestamptz, OUT waiting bigint, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record := countersign.stage_source(stage);
BEGIN
    IF stage IN ('issue', 'validate', 'dispatch') THEN
        SELECT e.* INTO waiting, oldest FROM countersign.estimated_queue(
            r.source, r.condition, r.age, moment) AS e;
    ELSE
        -- A request is open for ten minutes at most.
        SELECT e.* INTO waiting, oldest FROM countersign.estimated_spread(
            r.source, r.condition, r.key, r.age,
            coalesce(since, moment - interval '1 hour') - interval '11 min', moment) AS e;
    END IF;
END
$$;

---------------------------------------------------------------------------------------------------------
-- Counts
---------------------------------------------------------------------------------------------------------

-- Whether all that a stage's count can pass, alive or gone, is little: by the size of the queue, or of the index with
-- what waits in a table that holds much else. Sizes are true at every moment; what PostgreSQL counts as dead is not.
CREATE FUNCTION countersign.is_quick(stage text) RETURNS boolean
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
CREATE FUNCTION countersign.counted_queue(stage text) RETURNS bigint
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
CREATE FUNCTION countersign.counted_spread(stage text, moment timestamptz, most integer) RETURNS bigint
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

---------------------------------------------------------------------------------------------------------
-- Figures: exact up to 10,000 rows, beyond that an estimate.
---------------------------------------------------------------------------------------------------------

-- Counted, and the oldest row looked for, however many rows that are gone have to be passed. Where an index has to be
-- followed a sample saves the way to 10,000 when there are clearly more.
CREATE FUNCTION countersign.walked_figure(
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

CREATE FUNCTION countersign.measure_queues() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    INSERT INTO countersign.queue_figures (stage, measured_at, waiting, estimated, oldest)
        SELECT s.stage, moment, f.waiting, f.estimated, f.oldest
        FROM unnest(ARRAY['enroll', 'issue', 'validate', 'expire', 'dispatch']) AS s (stage)
        CROSS JOIN LATERAL countersign.walked_figure(s.stage, moment) AS f
        ON CONFLICT (stage) DO UPDATE SET measured_at = excluded.measured_at, waiting = excluded.waiting,
            estimated = excluded.estimated, oldest = excluded.oldest;
END
$$;

-- For somebody who waits for the answer: walked where the way is short, else what the worker that keeps house found
-- a moment ago, or without one a sample. A long queue is worked off faster than that, and sampled at once.
CREATE FUNCTION countersign.stage_figure(
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

---------------------------------------------------------------------------------------------------------
-- Grants
---------------------------------------------------------------------------------------------------------
REVOKE ALL ON countersign.queue_figures FROM PUBLIC;
GRANT EXECUTE ON FUNCTION countersign.measure_queues() TO countersign_worker;

-- Workers write down that they live and drain; telling another one to drain is for administrators.
REVOKE UPDATE ON countersign.workers FROM countersign_worker;
GRANT UPDATE (heartbeat_at, draining) ON countersign.workers TO countersign_worker;
