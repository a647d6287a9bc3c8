-- Figures for monitoring.

-- What /metrics and /readyz say of the database besides the queues. No code, secret, user or address.
CREATE OR REPLACE FUNCTION countersign.operating_figures() RETURNS TABLE (name text, label text, value double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
    rows bigint;
    hour_ago constant timestamptz := clock_timestamp() - interval '1 hour';  -- a constant, which indexes can look for
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
        SELECT 'partitions_outlived', t.table_name, (SELECT count(*) FROM countersign.outlived_partitions() o
            WHERE left(o.partition_name, -9) = t.table_name)::float8
        FROM countersign.partitioned_tables t
        UNION ALL
        SELECT 'history_gone_back', '', coalesce((
            SELECT (e.released_at IS NULL)::integer FROM countersign.epochs e ORDER BY e.number DESC LIMIT 1), 0)::float8
        UNION ALL
        SELECT 'transactions_held', '', (pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                                         - pg_snapshot_xmin(pg_current_snapshot())::text::bigint)::float8
        UNION ALL
        -- The console has them by portal and receiver, and of a week.
        SELECT 'webhooks_dead', d.died, (SELECT count(*) FROM (
            SELECT FROM countersign.portals p CROSS JOIN LATERAL (
                SELECT FROM countersign.dead_deliveries l WHERE l.portal_id = p.portal_id
                  AND l.died_at > d.since AND l.died_at <= d.until LIMIT 10000) AS of_portal LIMIT 10000) AS x)::float8
        FROM (VALUES ('last_hour', hour_ago, 'infinity'), ('earlier', '-infinity', hour_ago)) AS d (died, since, until)
        UNION ALL
        SELECT 'breakers', s.state, (SELECT count(*) FROM countersign.webhook_endpoints e WHERE e.state = s.state)::float8
        FROM unnest(ARRAY['open', 'half_open']) AS s (state)
        UNION ALL
        SELECT 'notification_queue_usage', '', countersign.notification_queue_usage()
        UNION ALL
        SELECT 'notifications_paused', '', (NOT countersign.may_notify())::integer::float8;
END
$$;
COMMENT ON FUNCTION countersign.operating_figures() IS
    'What there is to monitor besides the queues: name, label and value of each figure.';
