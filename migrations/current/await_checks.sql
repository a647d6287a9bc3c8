-- What functions share that wait for a worker on behalf of callers that cannot LISTEN.

-- Whether the row with this xmin was written by the calling transaction or one of its savepoints: such a row
-- stays as it is for as long as we wait, because workers cannot see it. xmin has 32 bits; the upper half is
-- that of the present.
CREATE OR REPLACE FUNCTION countersign.is_own_row(row_xmin xid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    present bigint := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    written bigint := (present & ~4294967295::bigint) | row_xmin::text::bigint;
BEGIN
    IF pg_current_xact_id_if_assigned() IS NULL THEN
        RETURN false;
    END IF;
    IF written - present > 2147483648 THEN
        written := written - 4294967296;
    END IF;
    RETURN written >= pg_current_xact_id_if_assigned()::text::bigint
           AND pg_xact_status(written::text::xid8) = 'in progress';
END
$$;

-- Refuses (CS003) a wait that could never end well, and bounds it to ten seconds.
--
-- While wants_until lies ahead, a migration is about to try its locks. What a statement has locked is let go when its
-- transaction ends: so who waits leaves, and who comes waits here, before anything is locked.
CREATE OR REPLACE FUNCTION countersign.wait_until(timeout interval) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE
    deadline timestamptz;
BEGIN
    IF timeout IS NULL OR timeout < interval '0' OR timeout > interval '10 s' THEN
        PERFORM countersign.refuse('CS003', 'timeout must lie between 0 and 10 seconds');
    ELSIF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM countersign.refuse('CS003', 'waiting needs a transaction at READ COMMITTED: in any other it '
                                            'would never see the answer');
    END IF;
    deadline := clock_timestamp() + timeout;
    WHILE EXISTS (SELECT FROM countersign.schema_turn t WHERE t.wants_until > clock_timestamp())
          AND clock_timestamp() < deadline LOOP
        PERFORM pg_sleep(0.02);
    END LOOP;
    RETURN deadline;
END
$$;

-- How long the first sleep of a wait is, in seconds: what this session's waits took lately, as the setting of that name
-- says in the eight characters that note_wait() writes: digits and one point. A session that sets it to something else harms its
-- own waits, and no more than that: after a 0, any such eight characters are a number. Few functions, as
-- each costs a wait 2,000 instructions before it runs.
CREATE OR REPLACE FUNCTION countersign.usual_wait(setting text) RETURNS double precision
LANGUAGE sql STABLE
RETURN CASE WHEN translate(left(current_setting(setting, true), 8), '0123456789', '') = '.'
            THEN least(0.02, greatest(0.0015, ('0' || left(current_setting(setting, true), 8))::double precision)) ELSE 0.002 END;

-- And how long the further ones are: a third of that at first, and each half as long again, up to 50 ms.
CREATE OR REPLACE FUNCTION countersign.next_pause(usual double precision, looks integer) RETURNS double precision
LANGUAGE sql IMMUTABLE
RETURN least(0.05, greatest(usual / 3, 0.001) * 1.5 ^ least(looks - 1, 20));

-- Remembers how long a wait took. Answered by the first look, it may have taken less: the next one looks a little
-- sooner.
CREATE OR REPLACE FUNCTION countersign.note_wait(
    setting text, usual double precision, looks integer, began timestamptz) RETURNS text
LANGUAGE sql VOLATILE
RETURN set_config(setting, (CASE WHEN looks = 0 THEN usual * 0.9
    ELSE least(0.02, usual / 2 + date_part('epoch', clock_timestamp() - began) / 2) END)::numeric(10, 6)::text, false);
