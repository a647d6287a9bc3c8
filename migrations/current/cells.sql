-- Cells: databases with portals of their own, and one of them, the home, where users' devices are enrolled. The others get
-- what they need of that by logical replication, and judge no answer while it is older than it may be.
-- after: identifiers

-- Makes the publication from which the other cells subscribe. The owner's, in the home. Left out is what each cell counts
-- by itself: wrong codes and locks, leases, and whether an app has too much waiting.
CREATE OR REPLACE FUNCTION countersign.publish_home() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM countersign.home_heartbeat h WHERE h.cell <> countersign.cell()) THEN
        RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
            MESSAGE = 'this cell follows another one, which is the home';
    END IF;
    CREATE PUBLICATION countersign_home FOR TABLE
        countersign.home_heartbeat, countersign.server_keys,
        countersign.apps (app_id, created_at, enabled, login, name, channel, max_devices_per_user,
                          max_enrollments_per_hour, enrollment_hold, max_waiting, max_waiting_per_device,
                          max_malformed_per_user),
        countersign.enrollments (enrollment_id, created_at, activated_at, revoked_at, held_until, app_id, slot,
                                 status, reason, user_id, device_id, device_name, platform, public_key,
                                 server_key_id, key_fingerprint);
    PERFORM countersign.beat();  -- no cell has the enrollments before it has that
END
$$;

-- The home writes down once a second that it lives. What comes behind a heartbeat in the log of its commits comes behind
-- it everywhere: a cell that has it has every revocation that was answered before.
CREATE OR REPLACE FUNCTION countersign.beat() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_publication p WHERE p.pubname = 'countersign_home') THEN
        INSERT INTO countersign.home_heartbeat (cell, beat_at) VALUES (countersign.cell(), clock_timestamp())
        ON CONFLICT (cell) DO UPDATE SET beat_at = excluded.beat_at;
    END IF;
END
$$;

-- Whether this cell follows a home of which it has heard nothing for so long that a device may have been revoked since:
-- 30 s, or what the setting countersign.longest_lag says. While tables are copied for the first time each is as old as
-- its copy. In PL/pgSQL, which keeps its plan: a function of SQL that looks into tables is planned whenever a statement runs
-- that calls it, which was a tenth of what a batch of four answers costs the server.
CREATE OR REPLACE FUNCTION countersign.lags() RETURNS boolean
LANGUAGE plpgsql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM countersign.home_heartbeat h
        WHERE h.cell <> countersign.cell()
          AND h.beat_at < clock_timestamp()
              - coalesce(nullif(current_setting('countersign.longest_lag', true), ''), '30 s')::interval)
        OR EXISTS (
        SELECT FROM pg_subscription_rel r
        WHERE r.srsubstate <> 'r'
          AND r.srrelid IN ('countersign.home_heartbeat'::regclass, 'countersign.server_keys'::regclass,
                            'countersign.apps'::regclass, 'countersign.enrollments'::regclass));
END
$$;
COMMENT ON FUNCTION countersign.lags() IS
    'Whether this cell has not heard of its home for too long, so that answers of devices wait.';

-- Refuses what has to be done where devices are enrolled. While everything is copied anew nobody knows which cell that is.
CREATE OR REPLACE FUNCTION countersign.refuse_away() RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    home constant integer := (SELECT h.cell FROM countersign.home_heartbeat h WHERE h.cell <> countersign.cell() LIMIT 1);
BEGIN
    IF home IS NOT NULL
       OR EXISTS (SELECT FROM pg_subscription_rel r WHERE r.srrelid = 'countersign.enrollments'::regclass) THEN
        PERFORM countersign.refuse('CS007', format('apps and devices belong to %s: do this there, not here',
                                                   coalesce('cell ' || home, 'the home')));
    END IF;
END
$$;

-- The same of apps. What the subscription writes is a replica's, of which no trigger is asked.
CREATE OR REPLACE FUNCTION countersign.refuse_app_away() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM countersign.refuse_away();
    RETURN NULL;
END
$$;
