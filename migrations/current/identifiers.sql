-- Identifiers: UUID version 7 (RFC 9562 section 5.7), ordered by the microsecond in which they were made.
-- Defaults of columns call them, so the first numbered file asks for this one. Ids and bounds of partitions that
-- are stored hold what these functions made: their results stay as they are for ever.

-- 48 bits of milliseconds, then 12 bits of the fraction of a millisecond (RFC 9562 section 6.2, method 3),
-- then the random half of a version 4 UUID, whose variant bits already stand where version 7 wants them.
-- 4,096,000 steps a second are those 60 bits; the version stands between them. A body that begins with RETURN is read
-- once, here, so that no search_path can mislead it, and the planner puts it in the place of the call: in PL/pgSQL it
-- cost an insert 17 us, 60 where sessions take turns.
CREATE OR REPLACE FUNCTION countersign.uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN (overlay(lpad(to_hex((date_part('epoch', clock_timestamp()) * 4096000)::bigint), 15, '0')
                PLACING '7' FROM 13 FOR 0) || substring(gen_random_uuid()::text FROM 20))::uuid;
COMMENT ON FUNCTION countersign.uuid_v7() IS
    'A new UUID of version 7, ordered by the microsecond in which it was made.';

-- The least identifier of a moment: partition bounds and "younger than" conditions.
CREATE OR REPLACE FUNCTION countersign.uuid_floor(moment timestamptz) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (encode(int8send((date_part('epoch', moment) * 1000)::bigint << 16), 'hex') || repeat('0', 16))::uuid;
END
$$;
COMMENT ON FUNCTION countersign.uuid_floor(timestamptz) IS
    'The least UUID of version 7 of that moment, for conditions such as transaction_id >= uuid_floor(...).';

-- The moment an identifier was made, to the millisecond.
CREATE OR REPLACE FUNCTION countersign.uuid_time(id uuid) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN to_timestamp(('x' || encode(substring(uuid_send(id) FOR 6), 'hex'))::bit(48)::bigint / 1000.0);
END
$$;
COMMENT ON FUNCTION countersign.uuid_time(uuid) IS
    'When a UUID of version 7 was made, to the millisecond.';

-- Names of NOTIFY channels of portals and apps carry 128 random bits: anybody may LISTEN anywhere.
CREATE OR REPLACE FUNCTION countersign.random_channel() RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN 'cs_' || encode(substring(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
                                     FOR 16), 'hex');
END
$$;

-- Between which ids everything lies that is worked on now: from an hour ago, which is six lives of a request, to
-- tomorrow. They are marked as constants, which they are not, so that the planner reads the clock when it makes a plan
-- and plans for the two or three days in question alone: with all the days in it, each look by id locks and prepares 39
-- partitions, and one that joins 400.
--
-- A plan lives on, and its bounds with it: a worker forgets its plans once a minute, everybody else when a day's
-- partition is made. So a statement with these bounds may miss what lies outside, and whoever uses it has to look again
-- without them when nothing is found. Each statement has bounds of its own: what one takes for recent is not asked of
-- another.
CREATE OR REPLACE FUNCTION countersign.recent_from() RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN countersign.uuid_floor(date_trunc('hour', clock_timestamp()) - interval '1 hour');
END
$$;

CREATE OR REPLACE FUNCTION countersign.recent_until() RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN countersign.uuid_floor(date_trunc('hour', clock_timestamp()) + interval '26 hours');
END
$$;

-- Whether an id lies between them. A condition of any other form leaves out partitions, too, and is an index's, by which
-- the planner then reads all of these hours, wherever it believes the tables to be empty still: 290 requests were read
-- for each answer, 7 ms of them. One with OR is not. The second half is a part of the first. A body that begins with
-- RETURN is put in the place of the call.
CREATE OR REPLACE FUNCTION countersign.is_recent(id uuid) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (id >= countersign.recent_from() AND id < countersign.recent_until()) OR id = countersign.recent_from();
