-- Whether history has gone back: a restore, a clone, or a standby promoted that did not have all. What the database then
-- holds is sound, but older than what others were told: a code was handed out, a request answered, a device revoked.
--
-- How it is known, in the order of how well:
--   * The cluster's system identifier, the database's oid, or the transaction that wrote the row of `epoch` is another
--     than that row says: a restore from a dump, a clone, pg_upgrade.
--   * The timeline is another: a restore to a point in time, or a promotion. A promotion has lost nothing that was
--     acknowledged if the primary had a synchronous standby when it last wrote the row and this server has streamed
--     from it, which a restore from an archive has not.
--   * A worker that lives on does not find the heartbeat that was acknowledged to it, or a process finds the row written
--     less often than its file remembers: whatever the rest says, for a copy of the files (a snapshot of a volume)
--     looks no different from inside, and not every standby is the synchronous one.
-- Each session of a worker asks before its first batch; a server that has gone back has closed all sessions. Nothing is
-- asked or written by portals and apps.
-- after: identifiers, cells

-- A webhook that waits for an operator is due then. A time, so that claims need not know of it; not infinity, which
-- cannot be subtracted.
CREATE OR REPLACE FUNCTION countersign.held() RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN timestamptz '9999-12-31 00:00:00Z';
COMMENT ON FUNCTION countersign.held() IS 'When a webhook is due that waits for an operator.';

-- What tells this database's life from another's. NULL is unknown, because the functions were taken from PUBLIC: then the
-- same server must look no different from before, nor when they are given back.
CREATE OR REPLACE FUNCTION countersign.incarnation(OUT system_identifier bigint, OUT timeline bigint, OUT database oid,
                                                   OUT is_synchronous boolean, OUT has_streamed boolean)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    database := (SELECT d.oid FROM pg_database d WHERE d.datname = current_database());
    is_synchronous := current_setting('synchronous_standby_names') <> ''
        AND current_setting('synchronous_commit') NOT IN ('off', 'local');
    BEGIN
        system_identifier := (SELECT c.system_identifier FROM pg_control_system() c);
        -- The last checkpoint may still be of the timeline before.
        timeline := ('x' || substring(pg_walfile_name(pg_current_wal_insert_lsn()) FOR 8))::bit(32)::bigint;
        has_streamed := pg_last_wal_receive_lsn() IS NOT NULL;
    EXCEPTION WHEN insufficient_privilege THEN
        system_identifier := NULL;
        timeline := NULL;
        has_streamed := NULL;
    END;
END
$$;

-- In what history has gone back, in words; NULL when it has not. `heard` is the heartbeat of that worker that was
-- acknowledged to it last, `notes` how often the row was written: both within the life that the process remembers.
CREATE OR REPLACE FUNCTION countersign.epoch_fault(worker uuid, heard timestamptz, life uuid, notes bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known record;
    here record;
    fault text;
BEGIN
    SELECT e.*, e.xmin::text AS written_by INTO known FROM countersign.epoch e;
    SELECT * INTO here FROM countersign.incarnation();
    -- First what the database itself shows: that is the same whichever process asks first.
    fault := CASE
        WHEN known.noted_by IS NULL THEN NULL
        WHEN known.system_identifier <> here.system_identifier THEN 'it is in another cluster'
        WHEN known.database <> here.database THEN 'it is a copy of another database'
        WHEN known.written_by <> (known.noted_by::text::numeric % 4294967296)::text THEN 'it was restored from a dump'
        WHEN known.timeline <> here.timeline AND NOT here.has_streamed THEN
            format('it was restored to a point in time (timeline %s, was %s)', here.timeline, known.timeline)
        WHEN known.timeline <> here.timeline AND NOT known.is_synchronous THEN
            format('a standby was promoted that need not have all (timeline %s, was %s)', here.timeline, known.timeline)
        END;
    IF fault IS NULL AND known.life = epoch_fault.life THEN
        -- Rows of workers that were not heard of for a day are swept.
        IF heard > clock_timestamp() - interval '20 hours' AND NOT EXISTS (
               SELECT FROM countersign.workers w WHERE w.worker_id = worker AND w.heartbeat_at >= heard) THEN
            RETURN 'what was acknowledged to a worker is gone';
        ELSIF known.notes < epoch_fault.notes THEN
            RETURN 'the database is older than a journal remembers';
        END IF;
    END IF;
    RETURN fault;
END
$$;

-- Writes the row as this life has it; the keeper of the house, if one is given, has it for five seconds more.
CREATE OR REPLACE FUNCTION countersign.write_epoch(keeper uuid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE countersign.epoch e
    SET notes = e.notes + 1, noted_at = clock_timestamp(), noted_by = pg_current_xact_id(),
        system_identifier = here.system_identifier, timeline = here.timeline, database = here.database,
        is_synchronous = here.is_synchronous, kept_by = coalesce(keeper, e.kept_by),
        kept_until = CASE WHEN keeper IS NULL THEN e.kept_until ELSE clock_timestamp() + interval '5 s' END
    FROM countersign.incarnation() here;
END
$$;

-- Begins an epoch: everything that was open is suspect from now on, and webhooks wait.
CREATE OR REPLACE FUNCTION countersign.begin_epoch(why text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET jit = off AS $$
DECLARE
    before countersign.epoch%ROWTYPE;
BEGIN
    SELECT * INTO before FROM countersign.epoch;
    -- The clock of this server may be behind that of the one before.
    UPDATE countersign.epoch e
    SET number = e.number + 1, life = gen_random_uuid(), is_held = true,
        suspect_until = greatest(countersign.uuid_floor(clock_timestamp()),
            (SELECT r.transaction_id FROM countersign.auth_requests r ORDER BY r.transaction_id DESC LIMIT 1));
    PERFORM countersign.write_epoch();
    INSERT INTO countersign.epochs (number, known_until, reason) VALUES (before.number + 1, before.noted_at, why);
    INSERT INTO countersign.events (type, details)
    VALUES ('epoch.began', jsonb_strip_nulls(jsonb_build_object('number', before.number + 1, 'reason', why,
                                                               'known_until', before.noted_at)));
END
$$;

-- What processes read once a second: which life it is, and whether they may work. `refuses` is true from the beginning
-- of an epoch until an operator has released it, where the settings say so.
CREATE OR REPLACE FUNCTION countersign.epoch_state(OUT number integer, OUT life uuid, OUT notes bigint,
                                                   OUT refuses boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    SELECT e.number, e.life, e.notes, e.is_held AND NOT s.resume_after_restore
        INTO epoch_state.number, epoch_state.life, epoch_state.notes, refuses
        FROM countersign.epoch e, countersign.settings s;
END
$$;

-- Looks, and begins an epoch if history has gone back. Waits only for another that does the same.
CREATE OR REPLACE FUNCTION countersign.check_epoch(
    worker uuid, heard timestamptz, remembered_life uuid, remembered_notes bigint,
    OUT number integer, OUT life uuid, OUT notes bigint, OUT refuses boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fault text := countersign.epoch_fault(worker, heard, remembered_life, remembered_notes);
BEGIN
    IF fault IS NOT NULL THEN
        PERFORM FROM countersign.epoch FOR UPDATE;
        fault := countersign.epoch_fault(worker, heard, remembered_life, remembered_notes);
        IF fault IS NOT NULL THEN
            PERFORM countersign.begin_epoch(fault);
        END IF;
    END IF;
    SELECT s.* INTO number, life, notes, refuses FROM countersign.epoch_state() s;
END
$$;

-- Takes the house for five seconds, if nobody else has it, and writes down what the database knows of itself. Whoever
-- has the session lock has it at once; a worker that is stopped keeps its lock, but not the house. Returns whether that
-- worker has it now.
CREATE OR REPLACE FUNCTION countersign.keep_house(worker uuid, has_lock boolean) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    house countersign.epoch%ROWTYPE;
BEGIN
    SELECT * INTO house FROM countersign.epoch FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR NOT (has_lock OR house.kept_by = worker OR house.kept_until < clock_timestamp()) THEN
        RETURN false;
    ELSIF house.kept_by = worker AND house.kept_until > clock_timestamp() + interval '4 s' THEN
        RETURN true;  -- once a second is enough
    END IF;
    PERFORM countersign.check_epoch(worker, NULL, NULL, NULL);
    PERFORM countersign.write_epoch(worker);
    PERFORM countersign.beat();
    RETURN true;
END
$$;

-- Deals with a part of what was open when the last epoch began: requests end as failed, codes go, webhooks of before
-- are held. Passes over what portals hold. Returns how many rows that were; after none the next one begins anew.
CREATE OR REPLACE FUNCTION countersign.clear_suspects(most integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET jit = off AS $$
DECLARE
    epoch countersign.epoch%ROWTYPE;
    ids uuid[];
    ended integer := 0;
    removed integer;
    waiting integer := 0;
    last uuid;
BEGIN
    SELECT * INTO epoch FROM countersign.epoch;
    IF epoch.number = 0 THEN
        RETURN 0;
    END IF;
    WITH gone AS (
        DELETE FROM countersign.otp_secrets WHERE ctid = ANY (ARRAY(
            SELECT o.ctid FROM countersign.otp_secrets o WHERE o.transaction_id <= epoch.suspect_until
            LIMIT 10 * most FOR UPDATE SKIP LOCKED))
        RETURNING transaction_id
    )
    SELECT count(*) INTO removed FROM gone;
    ids := ARRAY(SELECT r.transaction_id FROM countersign.auth_requests r
                 WHERE r.open_until IS NOT NULL AND r.transaction_id <= epoch.suspect_until
                 ORDER BY r.open_until LIMIT most FOR UPDATE SKIP LOCKED);
    IF cardinality(ids) > 0 THEN
        ended := (SELECT count(*) FROM countersign.end_requests(
            ids, array_fill('failed'::text, ARRAY[cardinality(ids)])));
    END IF;
    IF epoch.is_held THEN
        -- From where the last one ended: passing over all that are held already took 300,000 of them 82 s.
        WITH next AS MATERIALIZED (
            SELECT d.transaction_id FROM countersign.dispatch_queue d
            WHERE d.transaction_id > (SELECT s.held_to FROM countersign.epochs s WHERE s.number = epoch.number)
              AND d.transaction_id <= epoch.suspect_until AND d.due_at < countersign.held()
            ORDER BY d.transaction_id LIMIT most FOR UPDATE SKIP LOCKED
        ), held AS (
            UPDATE countersign.dispatch_queue q SET due_at = countersign.held(), leased = false
            FROM next n WHERE q.transaction_id = n.transaction_id
        )
        SELECT count(*), (array_agg(n.transaction_id ORDER BY n.transaction_id DESC))[1] INTO waiting, last FROM next n;
        UPDATE countersign.epochs s SET held_to = coalesce(last, '00000000-0000-0000-0000-000000000000')
        WHERE s.number = epoch.number AND s.held_to <> coalesce(last, '00000000-0000-0000-0000-000000000000');
    END IF;
    IF ended + removed > 0 THEN
        UPDATE countersign.epochs s SET codes = s.codes + removed, requests = s.requests + ended
        WHERE s.number = epoch.number;
    END IF;
    RETURN ended + removed + waiting;
END
$$;

-- Revokes again what a journal says was revoked. An enrollment never comes back to life, so that one which is active
-- was brought back. Returns those, and whether they are revoked now: passes over what somebody holds.
CREATE OR REPLACE FUNCTION countersign.revoke_again(ids uuid[]) RETURNS TABLE (enrollment uuid, is_revoked boolean)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
    WITH back AS MATERIALIZED (
        SELECT e.enrollment_id FROM countersign.enrollments e
        WHERE e.enrollment_id = ANY (ids) AND e.status IN ('pending', 'active')
    ), free AS MATERIALIZED (
        SELECT e.enrollment_id FROM countersign.enrollments e
        WHERE e.enrollment_id = ANY (ARRAY(SELECT b.enrollment_id FROM back b)) AND e.status IN ('pending', 'active')
        FOR UPDATE SKIP LOCKED
    ), revoked AS (
        UPDATE countersign.enrollments e
        SET status = 'revoked', revoked_at = clock_timestamp(), reason = 'revoked before the restore'
        FROM free f WHERE e.enrollment_id = f.enrollment_id
        RETURNING e.*
    ), forgotten AS (
        UPDATE countersign.server_keys k SET secret_key = NULL
        FROM revoked r WHERE k.server_key_id = r.server_key_id AND NOT k.shared
    ), audited AS (
        INSERT INTO countersign.events (enrollment_id, app_id, user_id, type, details)
        SELECT r.enrollment_id, r.app_id, r.user_id, 'enrollment.revoked',
               jsonb_strip_nulls(jsonb_build_object('key_fingerprint', r.key_fingerprint, 'reason', r.reason))
        FROM revoked r
    ), counted AS (
        UPDATE countersign.epochs s SET enrollments = s.enrollments + (SELECT count(*) FROM revoked)
        WHERE s.number = (SELECT number FROM countersign.epoch)
    ), told AS (
        SELECT countersign.tell_apps(array_agg(r.app_id), array_agg(r.enrollment_id), array_agg('revoked'::text))
        FROM revoked r HAVING count(*) > 0
    )
    SELECT b.enrollment_id, r.enrollment_id IS NOT NULL
    FROM back b LEFT JOIN revoked r USING (enrollment_id) LEFT JOIN told ON true;
END
$$;

-- Says what nobody has noticed: that history has gone back. For administrators.
CREATE OR REPLACE FUNCTION countersign.declare_epoch() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM FROM countersign.epoch FOR UPDATE;
    PERFORM countersign.begin_epoch('an operator says so');
END
$$;

-- Lets work and webhooks go on; how many webhooks were waiting. Those of requests that the epoch has ended are given up
-- instead, unless they are to be sent.
CREATE OR REPLACE FUNCTION countersign.release_epoch(send boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    waiting bigint;
BEGIN
    PERFORM FROM countersign.epoch e WHERE e.is_held FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    UPDATE countersign.epoch SET is_held = false;
    PERFORM countersign.write_epoch();
    UPDATE countersign.epochs s SET released_at = clock_timestamp() WHERE s.released_at IS NULL;
    WITH held AS (
        SELECT q.transaction_id, q.epoch FROM countersign.dispatch_queue q WHERE q.due_at = countersign.held() FOR UPDATE
    ), given_up AS (
        DELETE FROM countersign.dispatch_queue q USING held h
        WHERE q.transaction_id = h.transaction_id AND h.epoch IS NOT NULL AND NOT send
        RETURNING q.transaction_id
    ), dead AS (
        UPDATE countersign.webhook_deliveries d SET status = 'dead', finished_at = clock_timestamp()
        FROM given_up g WHERE d.transaction_id = g.transaction_id
    ), due AS (
        -- Queued now: how long it has waited for an operator must not count as the receiver's delay.
        UPDATE countersign.dispatch_queue q SET due_at = clock_timestamp(), queued_at = clock_timestamp() FROM held h
        WHERE q.transaction_id = h.transaction_id AND (h.epoch IS NULL OR send)
    )
    SELECT count(*) INTO waiting FROM held;
    INSERT INTO countersign.events (type, details)
    VALUES ('epoch.released', jsonb_build_object('webhooks', waiting, 'sent', send));
    PERFORM countersign.ring('dispatch');
    RETURN waiting;
END
$$;
