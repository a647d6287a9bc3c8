-- The chain of digests over the audit trail: each closed span of events carries the digest of the span before, so that
-- nothing in it can be changed, removed or added unseen. Inserts know nothing of it and wait for nothing.
-- after: identifiers, evidence

-- An event as a line of JSON, where the time zone is UTC.
CREATE OR REPLACE FUNCTION countersign.event_line(e countersign.events) RETURNS text
LANGUAGE sql STABLE
RETURN jsonb_build_array(
    e.event_id, e.occurred_at, e.transaction_id, e.enrollment_id, e.portal_id, e.app_id, e.type, e.user_id, e.actor,
    e.operator, countersign.event_details(e))::text;

-- SHA-256 of that line.
CREATE OR REPLACE FUNCTION countersign.event_hash(e countersign.events) RETURNS bytea
LANGUAGE sql STABLE
RETURN sha256(convert_to(countersign.event_line(e), 'UTF8'));

-- SHA-256 over the events of a span, and how many they are. Events whose user was erased count as they were before.
CREATE OR REPLACE FUNCTION countersign.events_content(since timestamptz, until timestamptz,
                                                      OUT events bigint, OUT content bytea)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO' AS $$
BEGIN
    SELECT count(*), sha256(coalesce(string_agg(coalesce(x.before, countersign.event_hash(e)), ''::bytea
                                                ORDER BY e.event_id), ''))
    INTO events_content.events, events_content.content
    FROM countersign.events e
    -- One by one, see record_sign_ins.
    LEFT JOIN LATERAL (SELECT r.before FROM countersign.erased_events r WHERE r.event_id = e.event_id LIMIT 1) AS x ON true
    WHERE e.event_id >= countersign.uuid_floor(since) AND e.event_id < countersign.uuid_floor(until);
END
$$;

-- The digest of a span and of all before it.
CREATE OR REPLACE FUNCTION countersign.event_digest(before bytea, since timestamptz, until timestamptz, events bigint,
                                                    content bytea) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN sha256(coalesce(before, '') || convert_to(format('%s %s %s ', extract(epoch FROM since),
                  extract(epoch FROM until), events), 'UTF8') || content);
END
$$;

-- Closes the last whole minute, and what came before it and is still open. An event gets its id before others see it:
-- so a minute is named first, and closed once every transaction that could have written into it has ended. Returns how
-- many events were closed; NULL when there was nothing to close yet.
-- What one transaction has held up for hours may be more than a statement can digest before it is cancelled: so a call
-- closes 50,000 events (1 s), and the next calls the rest, before another minute is named.
CREATE OR REPLACE FUNCTION countersign.close_events() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    closing countersign.event_closing%ROWTYPE;
    last countersign.event_digests%ROWTYPE;
    span record;
    ends timestamptz;
    total bigint := 0;
    most constant integer := 50000;
    beyond uuid;
    is_full boolean := false;
    width constant integer := (SELECT p.days FROM countersign.partitioned_tables p WHERE p.table_name = 'events');
BEGIN
    SELECT * INTO closing FROM countersign.event_closing FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF closing.horizon IS NULL THEN
        -- Five seconds are plenty between the making of an id and the beginning of the write. Whoever writes already has a
        -- lower number than this transaction; a snapshot's xmax is the one behind the last that has ended, and may be that
        -- of one that writes.
        UPDATE countersign.event_closing
        SET until = date_trunc('minute', clock_timestamp() - interval '5 s'), horizon = pg_current_xact_id()
        WHERE until < date_trunc('minute', clock_timestamp() - interval '5 s');
        RETURN NULL;
    ELSIF closing.horizon > pg_snapshot_xmax(pg_current_snapshot()) THEN
        -- That is another server's count, from before a restore.
        UPDATE countersign.event_closing SET horizon = NULL;
        RETURN NULL;
    ELSIF pg_snapshot_xmin(pg_current_snapshot()) < closing.horizon THEN
        RETURN NULL;
    END IF;
    SELECT * INTO last FROM countersign.event_digests d ORDER BY d.until DESC LIMIT 1;
    last.until := coalesce(last.until, (SELECT date_trunc('day', countersign.uuid_time(e.event_id), 'UTC')
                                        FROM countersign.events e ORDER BY e.event_id LIMIT 1), closing.until);
    -- No span is of two partitions: those are archived one by one.
    WHILE last.until < closing.until AND NOT is_full LOOP
        ends := least(closing.until, (countersign.partition_start((last.until AT TIME ZONE 'UTC')::date, width)
                                      + width)::timestamp AT TIME ZONE 'UTC');
        SELECT e.event_id INTO beyond FROM countersign.events e
            WHERE e.event_id >= countersign.uuid_floor(last.until) AND e.event_id < countersign.uuid_floor(ends)
            ORDER BY e.event_id OFFSET most - total LIMIT 1;
        is_full := FOUND;
        IF is_full THEN
            -- Ids are told apart by the millisecond, of which a span has one at least.
            ends := least(ends, greatest(countersign.uuid_time(beyond), last.until + interval '1 ms'));
        END IF;
        SELECT * INTO span FROM countersign.events_content(last.until, ends);
        EXIT WHEN span.events = 0 AND ends = closing.until;
        INSERT INTO countersign.event_digests (since, until, events, content, digest)
        VALUES (last.until, ends, span.events, span.content,
                countersign.event_digest(last.digest, last.until, ends, span.events, span.content))
        RETURNING * INTO last;
        total := total + span.events;
    END LOOP;
    UPDATE countersign.event_closing SET horizon = NULL WHERE NOT is_full;
    RETURN total;
END
$$;

-- Before then events have outlived their retention, or were archived: nobody looks for them any more.
CREATE OR REPLACE FUNCTION countersign.events_kept_since() RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN greatest(
        (SELECT ((clock_timestamp() AT TIME ZONE 'UTC')::date - p.retention_days)::timestamp AT TIME ZONE 'UTC'
         FROM countersign.partitioned_tables p WHERE p.table_name = 'events'),
        (SELECT max(a.until) FROM countersign.event_archives a));
END
$$;

-- What does not fit the chain. Days that were dropped when their retention was over, or when they were archived, are not
-- looked into; their digests stay and are part of the chain.
CREATE OR REPLACE FUNCTION countersign.verify_events() RETURNS TABLE (since timestamptz, until timestamptz, problem text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept constant timestamptz := countersign.events_kept_since();
BEGIN
    RETURN QUERY
    WITH links AS (
        SELECT d.*, lag(d.digest) OVER chain AS before, lag(d.until, 1, d.since) OVER chain AS ended
        FROM countersign.event_digests d WINDOW chain AS (ORDER BY d.until)
    )
    SELECT * FROM (
        SELECT l.since, l.until,
               CASE WHEN l.since IS DISTINCT FROM l.ended THEN 'digests before this were removed'
                    WHEN l.digest <> countersign.event_digest(l.before, l.since, l.until, l.events, l.content)
                    THEN 'the digest was changed, or one before it'
                    WHEN c.events <> l.events THEN format('%s events are there, %s were', c.events, l.events)
                    WHEN c.content <> l.content THEN 'an event was changed' END AS fault
        FROM links l
        LEFT JOIN LATERAL (SELECT x.* FROM countersign.events_content(l.since, l.until) x WHERE l.since >= kept) c
            ON true
    ) AS checked
    WHERE checked.fault IS NOT NULL ORDER BY checked.until;
    RETURN QUERY SELECT v.since, v.until, v.problem FROM countersign.verify_erasures(kept) v;
END
$$;
