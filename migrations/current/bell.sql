-- The bell. Advisory lock (0x43530000 + stage, n); n = 0 to 15 are held by the one worker that sleeps at the
-- bell, 16 is its seat. Inserts try to share one of the sixteen until their commit: not obtained means that
-- a worker sleeps, so they NOTIFY; obtained means that a worker is awake or cannot fall asleep before their
-- rows are visible. The commit of a NOTIFY takes one lock for all databases, which is why awake workers must
-- not be notified: 32 clients inserted 24,000 rows/s so, and 5,200 with a NOTIFY each.

-- Bodies that begin with RETURN are read once, when they are made: the caller's search_path means nothing to them, and
-- the planner puts them in the place of the call. Without that each insert would pay for two calls.
CREATE OR REPLACE FUNCTION countersign.stage_number(stage text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_position(ARRAY['enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep'], stage);

COMMENT ON FUNCTION countersign.stage_number(text) IS 'The place of a stage in the order in which stages are listed.';

-- 1129512960 is 0x43530000, "CS" before the number.
CREATE OR REPLACE FUNCTION countersign.bell_key(stage text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 1129512960 + countersign.stage_number(stage);

-- For whoever makes work for a stage and is no insert: rings unless a worker is awake.
CREATE OR REPLACE FUNCTION countersign.ring(stage text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock_shared(countersign.bell_key(stage), pg_backend_pid() & 15)
       AND countersign.may_notify() THEN
        PERFORM pg_notify('countersign_' || stage, '');
    END IF;
END
$$;

-- The same after an insert of an enrollment; the trigger's argument is the stage. The triggers of requests and
-- submissions do it themselves, for each row that is queued, as do the functions that queue rows of many callers.
CREATE OR REPLACE FUNCTION countersign.ring_after_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock_shared(countersign.bell_key(TG_ARGV[0]), pg_backend_pid() & 15)
       AND countersign.may_notify() THEN
        PERFORM pg_notify('countersign_' || TG_ARGV[0], '');
    END IF;
    RETURN NULL;
END
$$;

-- Sits down at the bell: -1 when somebody else has the seat, else how many of the sixteen locks are held.
-- Fewer than sixteen means that an inserter has not committed yet: look again soon.
CREATE OR REPLACE FUNCTION countersign.arm_bell(stage text) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key integer := countersign.bell_key(stage);
    held integer := 0;
BEGIN
    IF NOT pg_try_advisory_lock(key, 16) THEN
        RETURN -1;
    END IF;
    FOR n IN 0..15 LOOP
        IF pg_try_advisory_lock(key, n) THEN
            held := held + 1;
        END IF;
    END LOOP;
    RETURN held;
END
$$;
