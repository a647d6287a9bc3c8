-- The past in figures, for the console: of each stage and of all sign-ins a row a minute, kept for a week, and a
-- row an hour, kept for 400 days. The worker that keeps house writes it, and no insert.

-- One minute of sign-ins and webhooks. A request counts when it was asked for, an end when it came. What a receiver answered is
-- what the workers have counted of it for the breakers, two minutes back.
-- How long things took stands in histograms of forty places: the first up to a millisecond, each after it up to the root of
-- two times as long, the last without an end. Those of minutes add up to that of an hour, which medians do not.
CREATE OR REPLACE FUNCTION countersign.record_sign_ins(moment timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    until constant timestamptz := moment + interval '1 minute';
BEGIN
    INSERT INTO countersign.sign_in_history (minute, asked, authenticated, denied, expired, cancelled, failed,
        code_times, answer_times, delivered, undelivered, dead)
    WITH happened AS (
        SELECT 'asked' AS what, r.requested_at AS since, r.issued_at AS at FROM countersign.auth_requests r
        WHERE r.transaction_id >= countersign.uuid_floor(moment) AND r.transaction_id < countersign.uuid_floor(until)
        UNION ALL
        SELECT substring(e.type FROM 9), r.requested_at,
               CASE WHEN e.type IN ('request.authenticated', 'request.denied') THEN e.occurred_at END
        FROM countersign.events e
        -- Looked up one by one: a worker's session plans without values and joins by loops, and that of a join compared each
        -- event of the minute with each request of fifteen, 25 s a minute at 100 sign-ins a second.
        LEFT JOIN LATERAL (
            SELECT q.requested_at FROM countersign.auth_requests q
            WHERE q.transaction_id = e.transaction_id
              AND q.transaction_id >= countersign.uuid_floor(moment - interval '15 minutes')
              AND q.transaction_id < countersign.uuid_floor(until) LIMIT 1) AS r ON true
        WHERE e.event_id >= countersign.uuid_floor(moment) AND e.event_id < countersign.uuid_floor(until)
          AND e.type IN ('request.authenticated', 'request.denied', 'request.expired', 'request.cancelled',
                         'request.failed')
    ), counted AS MATERIALIZED (
        SELECT h.what, count(*) AS rows,
               least(39, ceil(2 * ln(greatest(date_part('epoch', h.at - h.since) * 1000, 1)) / ln(2::float8)))::integer AS place
        FROM happened h GROUP BY 1, 3
    ), tried AS (
        SELECT coalesce(sum(c.attempts - c.failures), 0) AS delivered, coalesce(sum(c.failures), 0) AS undelivered
        FROM countersign.webhook_endpoint_counts c WHERE c.slot >= moment AND c.slot < until
    )
    SELECT moment, s.asked, s.authenticated, s.denied, s.expired, s.cancelled, s.failed,
           ARRAY(SELECT coalesce(sum(c.rows), 0)::bigint FROM generate_series(0, 39) p
                 LEFT JOIN counted c ON c.place = p AND c.what = 'asked' GROUP BY p ORDER BY p),
           ARRAY(SELECT coalesce(sum(c.rows), 0)::bigint FROM generate_series(0, 39) p
                 LEFT JOIN counted c ON c.place = p AND c.what <> 'asked' GROUP BY p ORDER BY p),
           t.delivered, t.undelivered,
           (SELECT count(*) FROM countersign.portals p JOIN countersign.dead_deliveries d USING (portal_id)
            WHERE d.died_at >= moment AND d.died_at < until)
    FROM tried t CROSS JOIN (
        SELECT coalesce(sum(rows) FILTER (WHERE what = 'asked'), 0) AS asked,
               coalesce(sum(rows) FILTER (WHERE what = 'authenticated'), 0) AS authenticated,
               coalesce(sum(rows) FILTER (WHERE what = 'denied'), 0) AS denied,
               coalesce(sum(rows) FILTER (WHERE what = 'expired'), 0) AS expired,
               coalesce(sum(rows) FILTER (WHERE what = 'cancelled'), 0) AS cancelled,
               coalesce(sum(rows) FILTER (WHERE what = 'failed'), 0) AS failed FROM counted) AS s
    ON CONFLICT DO NOTHING;
END
$$;

-- Which portals' visitors came to a limit in that minute. What is refused leaves no row, and what had to come before does: of
-- the networks that have started much, those of which one start was as many within a minute as a source may, see sources.sql.
CREATE OR REPLACE FUNCTION countersign.record_limits(moment timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    first constant uuid := countersign.uuid_floor(moment - interval '1 minute');
    until constant uuid := countersign.uuid_floor(moment + interval '1 minute');
BEGIN
    INSERT INTO countersign.limit_history AS h (minute, portal_id, networks)
    WITH busy AS MATERIALIZED (
        SELECT s.source, s.portal_id, a.most
        FROM (SELECT r.source, r.portal_id, count(*) AS starts FROM countersign.auth_requests r
              WHERE r.transaction_id >= first AND r.transaction_id < until AND r.source IS NOT NULL
              GROUP BY 1, 2) AS s
        JOIN countersign.portals p USING (portal_id)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN s.starts >= greatest(p.max_starts_per_source / 10, 1) AND EXISTS (
                       SELECT FROM countersign.auth_requests d WHERE d.source = s.source AND d.deny_reason = 'not_me'
                         AND d.transaction_id >= countersign.uuid_floor(moment - interval '10 min')
                         AND d.transaction_id < until)
                   THEN greatest(p.max_starts_per_source / 10, 1) ELSE p.max_starts_per_source END AS most) AS a
        WHERE s.starts >= a.most
    ), started AS (
        SELECT b.portal_id, b.source, r.requested_at,
               count(*) OVER (PARTITION BY b.source ORDER BY r.requested_at RANGE interval '1 min' PRECEDING) >= b.most AS is_last
        FROM busy b CROSS JOIN LATERAL (
            SELECT q.requested_at FROM countersign.auth_requests q
            WHERE q.source = b.source AND q.transaction_id >= first AND q.transaction_id < until OFFSET 0) AS r
    )
    SELECT moment, s.portal_id, count(DISTINCT s.source) FROM started s
    WHERE s.is_last AND s.requested_at >= moment GROUP BY s.portal_id
    ON CONFLICT (minute, portal_id) DO UPDATE SET networks = excluded.networks;
END
$$;

-- Adds the minutes of each hour that is over.
CREATE OR REPLACE FUNCTION countersign.record_hours(until timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    since constant timestamptz := coalesce((SELECT max(h.minute) + interval '1 hour' FROM countersign.sign_in_history h
                                            WHERE h.unit = 'hour'), '-infinity');
BEGIN
    INSERT INTO countersign.queue_history (unit, minute, stage, waiting, done, errors)
        SELECT 'hour', date_trunc('hour', h.minute, 'UTC'), h.stage, max(h.waiting), sum(h.done), max(h.errors)
        FROM countersign.queue_history h WHERE h.unit = 'minute' AND h.minute >= since AND h.minute < until GROUP BY 2, 3
        ON CONFLICT DO NOTHING;
    INSERT INTO countersign.sign_in_history (unit, minute, asked, authenticated, denied, expired, cancelled, failed,
        code_times, answer_times, delivered, undelivered, dead)
        SELECT 'hour', h.hour, sum(asked), sum(authenticated), sum(denied), sum(expired), sum(cancelled), sum(failed),
               ARRAY(SELECT sum(x.code_times[s])::bigint FROM countersign.sign_in_history x, generate_series(1, 40) s
                     WHERE x.unit = 'minute' AND x.minute >= h.hour AND x.minute < h.hour + interval '1 hour'
                     GROUP BY s ORDER BY s),
               ARRAY(SELECT sum(x.answer_times[s])::bigint FROM countersign.sign_in_history x, generate_series(1, 40) s
                     WHERE x.unit = 'minute' AND x.minute >= h.hour AND x.minute < h.hour + interval '1 hour'
                     GROUP BY s ORDER BY s),
               sum(delivered), sum(undelivered), sum(dead)
        FROM (SELECT date_trunc('hour', m.minute, 'UTC') AS hour, m.* FROM countersign.sign_in_history m
              WHERE m.unit = 'minute' AND m.minute >= since AND m.minute < until) AS h
        GROUP BY h.hour ON CONFLICT DO NOTHING;
END
$$;

-- Called once a minute. Writes each minute that is over and not written yet, ten at most: before that nobody kept house.
-- A minute of 10,000 sign-ins takes a second: after five seconds the rest waits for the next calls, as a statement that is
-- cancelled has written none.
CREATE OR REPLACE FUNCTION countersign.record_history() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- What was committed within the last second may not be seen yet.
    until constant timestamptz := date_trunc('minute', clock_timestamp() - interval '1 second');
    enough constant timestamptz := clock_timestamp() + interval '5 seconds';
    recorded timestamptz := until;
    moment timestamptz;
BEGIN
    INSERT INTO countersign.queue_history (minute, stage, waiting, done, errors)
        SELECT date_trunc('minute', clock_timestamp()), s.stage, s.waiting, s.done_last_minute,
               coalesce((SELECT sum(w.errors) FROM countersign.worker_stages w JOIN countersign.workers l USING (worker_id)
                         WHERE w.stage = s.stage AND l.heartbeat_at > clock_timestamp() - interval '15 s'), 0)
        FROM countersign.queue_status() s
        ON CONFLICT (unit, stage, minute) DO UPDATE SET waiting = excluded.waiting, done = excluded.done,
            errors = excluded.errors;
    FOR moment IN SELECT generate_series(greatest(until - interval '10 minutes', coalesce((
                      SELECT max(h.minute) + interval '1 minute' FROM countersign.sign_in_history h
                      WHERE h.unit = 'minute'), until - interval '10 minutes')),
                      until - interval '1 minute', interval '1 minute')
    LOOP
        PERFORM countersign.record_sign_ins(moment);
        PERFORM countersign.record_limits(moment);
        IF clock_timestamp() >= enough THEN
            recorded := moment + interval '1 minute';
            EXIT;
        END IF;
    END LOOP;
    INSERT INTO countersign.limit_history (minute, portal_id, over_limit)
        SELECT date_trunc('minute', clock_timestamp()), p.portal_id, true FROM countersign.portals p WHERE p.over_limit
        ON CONFLICT (minute, portal_id) DO UPDATE SET over_limit = true;
    PERFORM countersign.record_hours(date_trunc('hour', recorded, 'UTC'));
    DELETE FROM countersign.queue_history h WHERE h.unit = 'minute' AND h.minute < until - interval '7 days'
        OR h.unit = 'hour' AND h.minute < until - interval '400 days';
    DELETE FROM countersign.limit_history h WHERE h.minute < until - interval '7 days';
    DELETE FROM countersign.sign_in_history h WHERE h.unit = 'minute' AND h.minute < until - interval '7 days'
        OR h.unit = 'hour' AND h.minute < until - interval '400 days';
END
$$;
