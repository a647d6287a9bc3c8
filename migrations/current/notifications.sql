-- Telling portals and apps: a channel of each, whose name nobody guesses, and what is said there. Never a code.

CREATE OR REPLACE FUNCTION countersign.portal_channel() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT p.channel FROM countersign.portals p WHERE p.portal_id = countersign.current_portal());
END
$$;
COMMENT ON FUNCTION countersign.portal_channel() IS
    'The channel to LISTEN on. Its payload is ''<status> <id>[,<id>...]'', at most 200 transaction ids and never a '
    'code.';

CREATE OR REPLACE FUNCTION countersign.app_channel() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT a.channel FROM countersign.apps a WHERE a.app_id = countersign.current_app());
END
$$;
COMMENT ON FUNCTION countersign.app_channel() IS
    'The channel to LISTEN on. Its payload is ''<accepted|rejected|active|revoked> <id>[,<id>...]'', at most 200 ids '
    'of submissions or enrollments.';

-- Notifies portals '<status> <id>[,<id>...]', at most 200 ids a payload (NOTIFY allows 8,000 bytes). Skipped
-- while the notification queue is half full: the tables are the truth, and a full queue fails commits.
CREATE OR REPLACE FUNCTION countersign.tell_portals(portal_ids integer[], ids uuid[], statuses text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_notification_queue_usage() >= 0.5 THEN
        RETURN;
    END IF;
    PERFORM pg_notify(p.channel, told.status || ' ' || told.ids)
    FROM (SELECT portal_id, status, string_agg(id::text, ',') AS ids
          FROM (SELECT portal_id, id, status,
                       (row_number() OVER (PARTITION BY portal_id, status) - 1) / 200 AS part
                FROM unnest(portal_ids, ids, statuses) AS given (portal_id, id, status)) AS numbered
          GROUP BY portal_id, status, part) AS told
    JOIN countersign.portals p USING (portal_id);
END
$$;

CREATE OR REPLACE FUNCTION countersign.tell_apps(app_ids integer[], ids uuid[], statuses text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_notification_queue_usage() >= 0.5 THEN
        RETURN;
    END IF;
    PERFORM pg_notify(a.channel, told.status || ' ' || told.ids)
    FROM (SELECT app_id, status, string_agg(id::text, ',') AS ids
          FROM (SELECT app_id, id, status,
                       (row_number() OVER (PARTITION BY app_id, status) - 1) / 200 AS part
                FROM unnest(app_ids, ids, statuses) AS given (app_id, id, status)) AS numbered
          GROUP BY app_id, status, part) AS told
    JOIN countersign.apps a USING (app_id);
END
$$;
