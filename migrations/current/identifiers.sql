-- Identifiers: UUID version 7 (RFC 9562 section 5.7), ordered by the microsecond in which they were made.
-- Defaults of columns call them, so the first numbered file asks for this one. Ids and bounds of partitions that
-- are stored hold what these functions made: their results stay as they are for ever.

-- The number of this database among the cells of an installation, 0 to 1023; of an only one, 0. The first `migrate up`
-- makes it, of the number that the session's setting countersign.new_cell has, and nothing makes it again: stored ids
-- hold it. It is STABLE because the planner then writes the number in the place of the call; IMMUTABLE ones it runs
-- first, once a plan.
DO $$
DECLARE
    wanted constant text := coalesce(nullif(current_setting('countersign.new_cell', true), ''), '0');
BEGIN
    IF to_regprocedure('countersign.cell()') IS NULL THEN
        IF wanted !~ '^(0|[1-9][0-9]{0,3})$' OR wanted::integer > 1023 THEN
            RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
                MESSAGE = format('countersign.new_cell must be a number from 0 to 1023, not %s', wanted);
        END IF;
        EXECUTE format('CREATE FUNCTION countersign.cell() RETURNS integer '
                       'LANGUAGE sql STABLE PARALLEL SAFE RETURN %s', wanted);
    END IF;
END
$$;
COMMENT ON FUNCTION countersign.cell() IS
    'The number of this database among the cells of an installation; every id that it makes carries it.';

-- 48 bits of milliseconds, then 12 bits of the fraction of a millisecond (RFC 9562 section 6.2, method 3), then the
-- variant's two bits (10), the ten of the cell's number, and the last 52 of a version 4 UUID.
-- 4,096,000 steps a second are those 60 bits; the version stands between them. 100,000 ids a second fall 1,200 times
-- a second into one step with another, and of those one pair in 2^52 is the same: one in 100,000 years, which its
-- primary key would refuse. Nobody has to guess an id: the secret of a code is 256 bits beside it. A body that begins
-- with RETURN is read once, here, so that no search_path can mislead it, and the planner puts it in the place of the
-- call: in PL/pgSQL it cost an insert 17 us, 60 where sessions take turns. The cell's number is a constant of the plan,
-- and costs nothing (5.3 us an id with it and without).
CREATE OR REPLACE FUNCTION countersign.uuid_v7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE
RETURN (overlay(lpad(to_hex((date_part('epoch', clock_timestamp()) * 4096000)::bigint), 15, '0')
                PLACING '7' FROM 13 FOR 0)
        || to_hex(2048 + countersign.cell()) || substring(gen_random_uuid()::text FROM 23))::uuid;
COMMENT ON FUNCTION countersign.uuid_v7() IS
    'A new UUID of version 7, ordered by the microsecond in which it was made, with the number of this cell.';

-- The cell that made an identifier.
CREATE OR REPLACE FUNCTION countersign.uuid_cell(id uuid) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ((get_byte(uuid_send(id), 8) & 63) << 4) | (get_byte(uuid_send(id), 9) >> 4);
COMMENT ON FUNCTION countersign.uuid_cell(uuid) IS
    'The number of the cell that made a UUID of version 7.';

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
-- without them when nothing is found; open scans alone are not looked for any more, as no request lives so long. Each place in a
-- statement has bounds of its own, which differ when an hour begins while it is planned: what one takes for recent is not asked
-- of another.
--
-- A worker's session that says that it forgets its plans, by the setting countersign.forgets_plans, plans until two hours ahead:
-- that is one day from 01:00 to 22:00 UTC, where a plan of two looks in each for every row. Who is no worker cannot say so: the
-- plans of an app's session that lasts would soon pass its malformed submissions over.
CREATE OR REPLACE FUNCTION countersign.recent_from() RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN countersign.uuid_floor(date_trunc('hour', clock_timestamp()) - interval '1 hour');
END
$$;

CREATE OR REPLACE FUNCTION countersign.recent_until() RETURNS uuid
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF current_setting('countersign.forgets_plans', true) = 'on' THEN
        IF pg_has_role(session_user, countersign.group_role('worker'), 'MEMBER') THEN
            RETURN countersign.uuid_floor(date_trunc('hour', clock_timestamp()) + interval '2 hours');
        END IF;
    END IF;
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
