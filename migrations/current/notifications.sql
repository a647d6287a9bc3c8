-- Telling portals and apps: a channel of each, whose name nobody guesses, and what is said there. Never a code.

-- How full the server's notification queue is. A session that listens and idles in a transaction holds it up, and then
-- whoever looks waits: to ask moves the queue's tail, under a lock that only one session of the server has, and that
-- each NOTIFY of a flood is in the way of. When every bell and every batch asked, statements of all waited for seconds
-- from a tenth full on. So the worker that keeps house asks, and everybody reads what it has found.

-- Looks, and pauses notifying from pause_from on until half of that is left.
CREATE OR REPLACE FUNCTION countersign.measure_notifications() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found constant double precision := pg_notification_queue_usage();
BEGIN
    UPDATE countersign.notification_queue q
    SET measured_at = clock_timestamp(), usage = found,
        is_paused = found >= q.pause_from OR (q.is_paused AND found >= q.pause_from / 2);
END
$$;

-- The share of the queue that is used. Where nobody has kept house for five minutes, it is asked now.
CREATE OR REPLACE FUNCTION countersign.notification_queue_usage() RETURNS double precision
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    queue countersign.notification_queue%ROWTYPE;
BEGIN
    SELECT * INTO queue FROM countersign.notification_queue;
    IF queue.measured_at > clock_timestamp() - interval '5 min' THEN
        RETURN queue.usage;
    END IF;
    RETURN pg_notification_queue_usage();
END
$$;

-- Asked before each NOTIFY of ours, and by nobody who need not notify.
CREATE OR REPLACE FUNCTION countersign.may_notify() RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    queue countersign.notification_queue%ROWTYPE;
BEGIN
    SELECT * INTO queue FROM countersign.notification_queue;
    IF queue.measured_at > clock_timestamp() - interval '5 min' THEN
        RETURN NOT queue.is_paused;
    END IF;
    RETURN pg_notification_queue_usage() < queue.pause_from;
END
$$;

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

-- What to say to each receiver: '<status> <id>[,<id>...]', at most 200 ids a payload (NOTIFY allows 8,000 bytes). One
-- statement is read here, and put in the place of each call. With the rows of each receiver numbered, a round trip of 500 ids
-- for 20 receivers took 385 us where it takes 250.
CREATE OR REPLACE FUNCTION countersign.payloads(receivers integer[], ids uuid[], statuses text[])
RETURNS TABLE (receiver integer, payload text)
LANGUAGE sql STABLE ROWS 10
BEGIN ATOMIC
    SELECT told.given_receiver, told.status || ' ' || array_to_string(told.ids[first:first + 199], ',')
    FROM (SELECT g.given_receiver, g.status, array_agg(g.id) AS ids
          FROM unnest(receivers, ids, statuses) AS g (given_receiver, id, status)
          GROUP BY g.given_receiver, g.status) AS told, generate_series(1, cardinality(told.ids), 200) AS first;
END;

-- Nothing while notifying is paused: the tables are the truth, and polls find what they hold.
CREATE OR REPLACE FUNCTION countersign.tell_portals(portal_ids integer[], ids uuid[], statuses text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF countersign.may_notify() THEN
        PERFORM pg_notify(p.channel, told.payload) FROM countersign.payloads(portal_ids, ids, statuses) AS told
            JOIN countersign.portals p ON p.portal_id = told.receiver;
    END IF;
END
$$;

-- The same for apps.
CREATE OR REPLACE FUNCTION countersign.tell_apps(app_ids integer[], ids uuid[], statuses text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF countersign.may_notify() THEN
        PERFORM pg_notify(a.channel, told.payload) FROM countersign.payloads(app_ids, ids, statuses) AS told
            JOIN countersign.apps a ON a.app_id = told.receiver;
    END IF;
END
$$;
