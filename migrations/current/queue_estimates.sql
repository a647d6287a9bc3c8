-- How much waits, from a sample of pages: who asks reads a bounded number of pages in whatever state the tables are.
--
-- An index leads to rows that are gone until vacuum has taken them out: after two million rows were worked off, the
-- first look for the oldest one passed all of them, and while somebody held a snapshot every look did. Pages have no
-- such past: a page holds so many rows, alive or not, and a table has so many pages.

-- Where a stage's waiting rows are: their table, what tells them from its other rows ($1 is the moment), the key with
-- the time when each was made, and since when a row waits (NULL when no worker may take it: it waits on purpose).
CREATE OR REPLACE FUNCTION countersign.stage_source(
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

-- What `places` pages, spread evenly from `first` to before `beyond`, say of all these pages: rows that meet the
-- condition, the variance of that number, and the oldest among the first such row of each page. The variance comes
-- from the differences of neighbours: a queue of which one end is worked off is as even as a full one.
--
-- By pages and never by an index: statistics of a quiet day say that the index of open requests is empty, and for each
-- of 96 pages all of it was read, 1.3 s after 200,000 requests had ended while somebody held a snapshot.
CREATE OR REPLACE FUNCTION countersign.page_sample(
    source regclass, first bigint, beyond bigint, places bigint, condition text, age text, moment timestamptz,
    OUT waiting double precision, OUT variance double precision, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = on
SET enable_indexscan = off SET enable_indexonlyscan = off SET enable_bitmapscan = off AS $$
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
CREATE OR REPLACE FUNCTION countersign.estimated_queue(
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
CREATE OR REPLACE FUNCTION countersign.estimated_spread(
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
CREATE OR REPLACE FUNCTION countersign.estimated_figure(
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
