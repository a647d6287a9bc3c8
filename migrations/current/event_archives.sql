-- The audit trail in files: old partitions of events are exported, looked at again, and dropped. For the database's owner
-- alone, by `countersign events archive`.
-- after: event_digests, partitions

-- The partitions of events that are over at that time, the oldest first, and what they cover.
CREATE OR REPLACE FUNCTION countersign.ended_event_partitions(before timestamptz)
RETURNS TABLE (partition_name text, since timestamptz, until timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT c.relname::text, d.day::timestamp AT TIME ZONE 'UTC', (d.day + t.days)::timestamp AT TIME ZONE 'UTC'
        FROM countersign.partitioned_tables t
        JOIN pg_inherits i ON i.inhparent = to_regclass('countersign.' || t.table_name)
        JOIN pg_class c ON c.oid = i.inhrelid
        CROSS JOIN LATERAL to_date(right(c.relname, 8), 'YYYYMMDD') AS d (day)
        WHERE t.table_name = 'events' AND c.relname ~ '_[0-9]{8}$'
          AND (d.day + t.days)::timestamp AT TIME ZONE 'UTC' <= least(before, clock_timestamp())
        ORDER BY d.day;
END
$$;

-- The next events of a span as the lines of which their digests are, with the digest of before for those whose user was
-- erased, and with the certificate that proves a signed answer.
CREATE OR REPLACE FUNCTION countersign.events_to_archive(since timestamptz, until timestamptz, after uuid, at_most integer)
RETURNS TABLE (event_id uuid, line text, before bytea, certificate text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET "TimeZone" = 'UTC' SET "DateStyle" = 'ISO' AS $$
BEGIN
    RETURN QUERY
        SELECT e.event_id, countersign.event_line(e), x.before, k.public_key
        FROM countersign.events e
        LEFT JOIN countersign.erased_events x ON x.event_id = e.event_id
        LEFT JOIN countersign.enrollments k ON k.enrollment_id = e.enrollment_id
            AND sha256(convert_to(k.public_key, 'UTF8')) = e.certificate_sha256
        WHERE e.event_id >= countersign.uuid_floor(events_to_archive.since)
          AND e.event_id < countersign.uuid_floor(events_to_archive.until)
          AND (events_to_archive.after IS NULL OR e.event_id > events_to_archive.after)
        ORDER BY e.event_id LIMIT at_most;
END
$$;

-- Drops a partition of events that stands in files: the oldest that there is, when its events are those that were counted,
-- all of them are part of the chain, and nothing was erased since.
CREATE OR REPLACE FUNCTION countersign.drop_archived_events(partition_name text, events bigint, erased bigint,
                                                            content bytea, manifest bytea) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    oldest record;
    present record;
BEGIN
    SELECT * INTO oldest FROM countersign.ended_event_partitions('infinity') LIMIT 1;
    IF oldest.partition_name IS DISTINCT FROM drop_archived_events.partition_name THEN
        PERFORM countersign.refuse('CS003', format('%I is not the oldest partition of events, or is not over', partition_name));
    END IF;
    EXECUTE format('LOCK TABLE countersign.%I IN SHARE MODE', partition_name);
    SELECT * INTO present FROM countersign.events_content(oldest.since, oldest.until);
    IF (present.events, present.content) IS DISTINCT FROM (drop_archived_events.events, drop_archived_events.content)
       OR erased <> (SELECT count(*) FROM countersign.erased_events x
                     WHERE x.event_id >= countersign.uuid_floor(oldest.since)
                       AND x.event_id < countersign.uuid_floor(oldest.until)) THEN
        PERFORM countersign.refuse('CS003', format('%I has changed since it was exported: archive it again', partition_name));
    ELSIF events <> (SELECT coalesce(sum(d.events), 0) FROM countersign.event_digests d
                     WHERE d.since >= oldest.since AND d.until <= oldest.until) THEN
        PERFORM countersign.refuse('CS003', format('not all events of %I are part of the chain', partition_name));
    ELSIF EXISTS (SELECT FROM countersign.events_default e WHERE e.event_id < countersign.uuid_floor(oldest.until)) THEN
        PERFORM countersign.refuse('CS003', 'the default partition has such old events: `countersign doctor --mend` moves them');
    END IF;
    -- Nobody queues behind us for long, and what was counted need not be counted again.
    FOR attempt IN 1 .. 100 LOOP
        BEGIN
            EXECUTE format('DROP TABLE countersign.%I', partition_name);
            EXIT;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = 100 THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.1);
        END;
    END LOOP;
    INSERT INTO countersign.event_archives (until, since, events, content, manifest)
    VALUES (oldest.until, oldest.since, events, content, manifest);
    PERFORM countersign.audit('events.archived', jsonb_build_object(
        'partition', partition_name, 'events', events, 'manifest', encode(manifest, 'hex')));
END
$$;
