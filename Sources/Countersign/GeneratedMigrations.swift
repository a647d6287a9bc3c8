// Made by scripts/embed-migrations from migrations/*.sql: change those, then run it.

package import Postgres

/// The files of migrations/, in their order.
package let embeddedMigrations: [MigrationFile] = [
    MigrationFile(
        name: "0001_initial.sql",
        text: #"""
-- The first schema of Countersign: roles, configuration, queues, results, and the functions that portals,
-- apps and workers call. Read with the contract in the README; the sections below follow its order.
-- minimum-binary: 1
--
-- Three ideas carry the rest:
--   * A request is one row of auth_requests, and that row's status is the truth. It is partitioned by day,
--     so that retention drops tables and never deletes rows.
--   * What waits for a worker stands in a small unpartitioned queue table beside it (issue_queue,
--     validate_queue, dispatch_queue). Claims touch only those: their size is that of the backlog, they are
--     vacuumed in milliseconds, and auth_requests gets heap-only updates because no index holds its status.
--   * Nobody waits for a portal or an app. Whoever changes a request that still stands in issue_queue holds
--     its queue row first, and workers take queue rows and requests with SKIP LOCKED only.

---------------------------------------------------------------------------------------------------------
-- Roles. They belong to the whole server: another database may be creating the same ones at this moment.
---------------------------------------------------------------------------------------------------------
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['countersign_portal', 'countersign_app', 'countersign_gateway',
                                  'countersign_worker', 'countersign_monitor', 'countersign_admin'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted);
        BEGIN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', wanted);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- the other database was faster
        END;
    END LOOP;
END
$$;

-- Nothing for PUBLIC: not on the database, not on what exists here, not on what later migrations create.
DO $$
BEGIN
    EXECUTE pg_catalog.format('REVOKE ALL ON DATABASE %I FROM PUBLIC', pg_catalog.current_database());
    EXECUTE pg_catalog.format(
        'GRANT CONNECT ON DATABASE %I TO countersign_portal, countersign_app, countersign_gateway, '
        'countersign_worker, countersign_monitor, countersign_admin', pg_catalog.current_database());
    IF EXISTS (SELECT FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a
               WHERE d.datname = pg_catalog.current_database() AND a.grantee = 0) THEN
        RAISE EXCEPTION 'PUBLIC still has privileges on database %: run the migration as its owner',
            pg_catalog.current_database();
    END IF;
END
$$;
REVOKE ALL ON SCHEMA countersign FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC;
GRANT USAGE ON SCHEMA countersign TO countersign_portal, countersign_app, countersign_gateway,
    countersign_worker, countersign_monitor, countersign_admin;

---------------------------------------------------------------------------------------------------------
-- Identifiers: UUID version 7 (RFC 9562 section 5.7), ordered by the microsecond in which they were made.
---------------------------------------------------------------------------------------------------------

-- 48 bits of milliseconds, then 12 bits of the fraction of a millisecond (RFC 9562 section 6.2, method 3),
-- then the random half of a version 4 UUID, whose variant bits already stand where version 7 wants them.
CREATE FUNCTION countersign.uuid_v7() RETURNS uuid
LANGUAGE plpgsql VOLATILE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    us bigint := date_part('epoch', clock_timestamp()) * 1000000;
BEGIN
    RETURN encode(int8send(((us / 1000) << 16) | 28672 | ((us % 1000) * 4096 / 1000))
                  || substring(uuid_send(gen_random_uuid()) FROM 9 FOR 8), 'hex')::uuid;
END
$$;

-- The least identifier of a moment: partition bounds and "younger than" conditions.
CREATE FUNCTION countersign.uuid_floor(moment timestamptz) RETURNS uuid
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (encode(int8send((date_part('epoch', moment) * 1000)::bigint << 16), 'hex') || repeat('0', 16))::uuid;
END
$$;

-- The moment an identifier was made, to the millisecond.
CREATE FUNCTION countersign.uuid_time(id uuid) RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN to_timestamp(('x' || encode(substring(uuid_send(id) FOR 6), 'hex'))::bit(48)::bigint / 1000.0);
END
$$;

-- Names of NOTIFY channels of portals and apps carry 128 random bits: anybody may LISTEN anywhere.
CREATE FUNCTION countersign.random_channel() RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN 'cs_' || encode(substring(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
                                     FOR 16), 'hex');
END
$$;

---------------------------------------------------------------------------------------------------------
-- Configuration
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.settings (
    only_row                       boolean PRIMARY KEY DEFAULT true CONSTRAINT settings_only_row CHECK (only_row),
    mobile_authentication_enabled  boolean NOT NULL DEFAULT true,
    enrollment_enabled             boolean NOT NULL DEFAULT true,
    unique_pgp_keys_per_enrollment boolean NOT NULL DEFAULT true,
    signature_required             boolean NOT NULL DEFAULT false,
    callback_allowlist_enabled     boolean NOT NULL DEFAULT true,
    updated_at                     timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO countersign.settings DEFAULT VALUES;

CREATE TABLE countersign.portals (
    portal_id          integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    max_open_requests  integer NOT NULL DEFAULT 100000
                       CONSTRAINT portals_max_open_requests CHECK (max_open_requests BETWEEN 1 AND 100000000),
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    enabled            boolean NOT NULL DEFAULT true,
    over_limit         boolean NOT NULL DEFAULT false,  -- set by housekeep, read by inserts
    login              name NOT NULL CONSTRAINT portals_login_once UNIQUE,  -- found by session_user at each call
    name               text NOT NULL CONSTRAINT portals_name_once UNIQUE
                       CONSTRAINT portals_name_form CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    display_name       text NOT NULL CONSTRAINT portals_display_name_length
                       CHECK (char_length(display_name) BETWEEN 1 AND 100),
    channel            text NOT NULL DEFAULT countersign.random_channel(),
    signing_secret     bytea NOT NULL  -- sealed, see Sealing
);

CREATE TABLE countersign.apps (
    app_id      integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    enabled     boolean NOT NULL DEFAULT true,
    login       name NOT NULL CONSTRAINT apps_login_once UNIQUE,
    name        text NOT NULL CONSTRAINT apps_name_once UNIQUE
                CONSTRAINT apps_name_form CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    channel     text NOT NULL DEFAULT countersign.random_channel()
);

CREATE TABLE countersign.auth_types (
    name                text PRIMARY KEY
                        CONSTRAINT auth_types_name_form CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    method              text NOT NULL DEFAULT 'otp' CONSTRAINT auth_types_method CHECK (method = 'otp'),
    request_expires_in  integer NOT NULL DEFAULT 180  -- seconds; NIST SP 800-63B-4 section 3.1.3.2 allows 600
                        CONSTRAINT auth_types_request_expires_in CHECK (request_expires_in BETWEEN 30 AND 600)
);

CREATE TABLE countersign.auth_type_messages (
    auth_type      text NOT NULL REFERENCES countersign.auth_types ON UPDATE CASCADE ON DELETE CASCADE,
    language_code  text NOT NULL
                   CONSTRAINT auth_type_messages_language CHECK (language_code ~ '^[a-z]{2,3}(-[a-z0-9]{2,8})*$'),
    message        text NOT NULL
                   CONSTRAINT auth_type_messages_length CHECK (char_length(message) BETWEEN 1 AND 155),
    PRIMARY KEY (auth_type, language_code)
);

CREATE TABLE countersign.callback_urls (
    callback_id  integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    portal_id    integer NOT NULL REFERENCES countersign.portals ON DELETE CASCADE,
    url          text NOT NULL CONSTRAINT callback_urls_form CHECK (url ~ '^https?://' AND octet_length(url) <= 2048),
    username     text CONSTRAINT callback_urls_username CHECK (username !~ ':'),  -- RFC 7617 section 2
    password     bytea,  -- sealed
    CONSTRAINT callback_urls_basic CHECK ((username IS NULL) = (password IS NULL)),
    CONSTRAINT callback_urls_once UNIQUE (portal_id, url)  -- the allow-list look-up of each insert
);

---------------------------------------------------------------------------------------------------------
-- Enrollments
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.enrollments (
    enrollment_id      uuid PRIMARY KEY DEFAULT countersign.uuid_v7(),
    created_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    activated_at       timestamptz,
    revoked_at         timestamptz,
    locked_until       timestamptz,
    app_id             integer NOT NULL REFERENCES countersign.apps,
    attempts           smallint NOT NULL DEFAULT 0,
    status             text NOT NULL DEFAULT 'pending'
                       CONSTRAINT enrollments_status CHECK (status IN ('pending', 'active', 'rejected', 'revoked')),
    reason             text,
    user_id            text NOT NULL,
    device_id          text NOT NULL,
    device_name        text,
    platform           text,
    public_key         text,
    server_public_key  text,
    wrong_codes        timestamptz[] NOT NULL DEFAULT '{}'  -- when the last ten came; new codes do not reset it
);
-- One active enrollment per user and device; enrolling again replaces it. Also finds a user's devices.
CREATE UNIQUE INDEX enrollments_active ON countersign.enrollments (app_id, user_id, device_id)
    WHERE status = 'active';
-- The enroll stage's queue. Enrolling is rare, so the queue is a partial index and no table of its own.
CREATE INDEX enrollments_pending ON countersign.enrollments (app_id, enrollment_id) WHERE status = 'pending';

---------------------------------------------------------------------------------------------------------
-- Authentication requests
---------------------------------------------------------------------------------------------------------
-- A domain, whose check is prepared once a session; a table's CHECK is read anew for each inserting statement
-- (10 us for three of them).
CREATE DOMAIN countersign.request_status AS text CONSTRAINT request_status_known CHECK (VALUE IN
    ('requested', 'issued', 'scanned', 'authenticated', 'denied', 'expired', 'cancelled', 'failed'));

CREATE TABLE countersign.auth_requests (
    transaction_id      uuid NOT NULL DEFAULT countersign.uuid_v7(),
    requested_at        timestamptz NOT NULL,
    expires_at          timestamptz NOT NULL,
    open_until          timestamptz,  -- expires_at while the request is open, NULL once it has ended
    issued_at           timestamptz,
    scanned_at          timestamptz,
    resolved_at         timestamptz,
    enrollment_id       uuid,         -- who scanned, then who answered
    open_scan_by        uuid,         -- enrollment_id while scanned and open
    portal_id           integer NOT NULL,
    app_id              integer,
    signature_verified  boolean,
    status              countersign.request_status NOT NULL,
    auth_type           text NOT NULL,
    method              text NOT NULL,
    callback_uri        text NOT NULL,
    message             text NOT NULL,
    secure_message      text,
    language_code       text,
    ip_address          text,
    user_agent          text,
    reference           text,
    secret_digest       bytea,
    user_id             text,
    device_id           text,
    prompt              text,         -- what the app showed, byte for byte
    signature           text,
    signer_fingerprint  text,
    PRIMARY KEY (transaction_id),
    CONSTRAINT auth_requests_open CHECK ((open_until IS NULL) = (resolved_at IS NOT NULL))
) PARTITION BY RANGE (transaction_id);
-- The expire stage's queue, in order of due time. open_until changes only when a request ends: issuing and
-- scanning stay heap-only updates, which an index with status in its predicate would forbid.
CREATE INDEX auth_requests_open_until ON countersign.auth_requests (open_until) WHERE open_until IS NOT NULL;
-- Counts the open scans of an enrollment (at most 4). Scans are the one step that pays for it.
CREATE INDEX auth_requests_open_scan ON countersign.auth_requests (open_scan_by) WHERE open_scan_by IS NOT NULL;

-- Rows in state requested, by portal and age. A table and not a partial index on auth_requests, because it
-- is the size of the backlog, unpartitioned, and leaves auth_requests to heap-only updates.
CREATE TABLE countersign.issue_queue (
    portal_id       integer NOT NULL,
    attempts        smallint NOT NULL DEFAULT 0,
    transaction_id  uuid NOT NULL,
    PRIMARY KEY (portal_id, transaction_id)  -- claims go from portal to portal, oldest first in each
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
-- Rows that broke a batch and are tried alone; almost always empty.
CREATE INDEX issue_queue_broken ON countersign.issue_queue (transaction_id) WHERE attempts > 0;

-- Secrets awaiting collection: the only place where a code exists in the clear. Collecting deletes the row.
CREATE TABLE countersign.otp_secrets (
    transaction_id  uuid PRIMARY KEY,
    expires_at      timestamptz NOT NULL,
    portal_id       integer NOT NULL,
    secret          bytea NOT NULL CONSTRAINT otp_secrets_length CHECK (octet_length(secret) = 32)
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
-- The planner's statistics would keep samples of secrets long after they were collected.
ALTER TABLE countersign.otp_secrets ALTER COLUMN secret SET STATISTICS 0;

---------------------------------------------------------------------------------------------------------
-- Submissions
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.submissions (
    submission_id   uuid NOT NULL DEFAULT countersign.uuid_v7(),
    submitted_at    timestamptz NOT NULL,
    resolved_at     timestamptz,
    app_id          integer NOT NULL,
    status          text NOT NULL
                    CONSTRAINT submissions_status CHECK (status IN ('pending', 'accepted', 'rejected')),
    reason          text
                    CONSTRAINT submissions_reason CHECK (reason IN
                        ('malformed', 'unknown_code', 'expired', 'already_used', 'other_device', 'not_enrolled',
                         'enrollment_revoked', 'enrollment_disabled', 'invalid_signature', 'stale_signature',
                         'wrong_prompt', 'too_many_scans', 'locked_out')),
    -- what the app sent
    enrollment_id   text,
    otp             text CONSTRAINT submissions_otp_never_stored CHECK (otp IS NULL),
    action          text,
    signed_at       text,
    prompt_digest   text,
    signature       text,
    -- what the trigger made of it
    transaction_id  uuid,
    secret_digest   bytea,
    enrollment      uuid,
    signed_time     timestamptz,
    prompt          text,
    PRIMARY KEY (submission_id),
    CONSTRAINT submissions_reason_given CHECK ((status = 'rejected') = (reason IS NOT NULL))
) PARTITION BY RANGE (submission_id);

CREATE TABLE countersign.validate_queue (
    app_id          integer NOT NULL,
    attempts        smallint NOT NULL DEFAULT 0,
    submission_id   uuid NOT NULL,
    PRIMARY KEY (app_id, submission_id)  -- claims go from app to app, oldest first in each
) WITH (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX validate_queue_broken ON countersign.validate_queue (submission_id) WHERE attempts > 0;

---------------------------------------------------------------------------------------------------------
-- Webhook deliveries: one per request, keyed by its transaction_id, which is also the webhook-id.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.webhook_deliveries (
    transaction_id  uuid NOT NULL,
    created_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    portal_id       integer NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    status          text NOT NULL DEFAULT 'pending'
                    CONSTRAINT webhook_deliveries_status CHECK (status IN ('pending', 'delivered', 'dead')),
    request_status  text NOT NULL,
    callback_uri    text NOT NULL,
    PRIMARY KEY (transaction_id),
    CONSTRAINT webhook_deliveries_finished CHECK ((status = 'pending') = (finished_at IS NULL))
) PARTITION BY RANGE (transaction_id);

CREATE TABLE countersign.webhook_attempts (
    transaction_id  uuid NOT NULL,
    started_at      timestamptz NOT NULL,
    attempt         integer NOT NULL,
    duration_ms     integer NOT NULL,
    status_code     integer,
    error_class     text,   -- connect, timeout, tls, too_large, status, ...; NULL on success
    body            text CONSTRAINT webhook_attempts_body CHECK (octet_length(body) <= 8192),
    PRIMARY KEY (transaction_id, attempt)
) PARTITION BY RANGE (transaction_id);

-- What is due for sending, with the lease: due_at is moved past the timeout when a worker takes the row, and
-- token counts the takers, so that whoever lost his lease can no longer change anything.
CREATE TABLE countersign.dispatch_queue (
    transaction_id  uuid PRIMARY KEY,
    due_at          timestamptz NOT NULL,
    occurred_at     timestamptz NOT NULL,
    token           bigint NOT NULL DEFAULT 0,
    portal_id       integer NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    leased          boolean NOT NULL DEFAULT false,
    request_status  text NOT NULL,
    callback_uri    text NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
        autovacuum_vacuum_cost_delay = 0);
-- Claims go from portal to portal, the longest due first in each.
CREATE INDEX dispatch_queue_due ON countersign.dispatch_queue (portal_id, due_at, transaction_id);

---------------------------------------------------------------------------------------------------------
-- Audit events, kept 400 days
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.events (
    event_id        uuid NOT NULL DEFAULT countersign.uuid_v7(),
    occurred_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    transaction_id  uuid,
    enrollment_id   uuid,
    portal_id       integer,
    app_id          integer,
    type            text NOT NULL,
    user_id         text,
    actor           text NOT NULL DEFAULT session_user,
    details         jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (event_id)
) PARTITION BY RANGE (event_id);

---------------------------------------------------------------------------------------------------------
-- Workers
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.workers (
    worker_id     uuid PRIMARY KEY,
    started_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    process_id    integer NOT NULL,
    program       integer NOT NULL,  -- the program's number, as in minimum-binary
    draining      boolean NOT NULL DEFAULT false,
    host          text NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE countersign.worker_stages (
    worker_id         uuid NOT NULL REFERENCES countersign.workers ON DELETE CASCADE,
    stage             text NOT NULL
                      CONSTRAINT worker_stages_stage CHECK (stage IN
                          ('enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep')),
    in_flight         integer NOT NULL DEFAULT 0,
    done_last_minute  bigint NOT NULL DEFAULT 0,
    errors            bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (worker_id, stage)
) WITH (fillfactor = 50);

---------------------------------------------------------------------------------------------------------
-- Partitions: one a day (UTC), seven days ahead, and a default that should stay empty.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.partitioned_tables (
    table_name      text PRIMARY KEY,
    retention_days  integer NOT NULL CONSTRAINT partitioned_tables_retention CHECK (retention_days >= 1),
    fillfactor      integer NOT NULL
);
-- Room for one more version of each row of auth_requests (issued) keeps its update on the page: measured
-- 147,000 to 166,000 rows/s against 100,000 to 117,000 (design section 7). Submissions are updated once too.
INSERT INTO countersign.partitioned_tables VALUES
    ('auth_requests', 30, 45), ('submissions', 30, 60), ('webhook_deliveries', 30, 60),
    ('webhook_attempts', 30, 100), ('events', 400, 100);

CREATE TABLE countersign.auth_requests_default PARTITION OF countersign.auth_requests DEFAULT;
CREATE TABLE countersign.submissions_default PARTITION OF countersign.submissions DEFAULT;
CREATE TABLE countersign.webhook_deliveries_default PARTITION OF countersign.webhook_deliveries DEFAULT;
CREATE TABLE countersign.webhook_attempts_default PARTITION OF countersign.webhook_attempts DEFAULT;
CREATE TABLE countersign.events_default PARTITION OF countersign.events DEFAULT;

-- The partitions that should exist and do not.
CREATE FUNCTION countersign.missing_partitions(days_ahead integer DEFAULT 7)
RETURNS TABLE (table_name text, partition_name text, day date)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'UTC')::date;
BEGIN
    RETURN QUERY
        SELECT t.table_name, t.table_name || '_' || to_char(d, 'YYYYMMDD'), d::date
        FROM countersign.partitioned_tables t,
             generate_series(today::timestamp, (today + days_ahead)::timestamp, interval '1 day') d
        WHERE to_regclass('countersign.' || t.table_name || '_' || to_char(d, 'YYYYMMDD')) IS NULL
        ORDER BY d, t.table_name;
END
$$;

-- Makes one partition. CREATE LIKE then ATTACH asks for weaker locks on the parent than CREATE PARTITION OF;
-- the caller's lock_timeout of 50 ms keeps everybody else from queueing behind us, and housekeep tries again.
CREATE FUNCTION countersign.create_partition(table_name text, day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
DECLARE
    child text := table_name || '_' || to_char(day, 'YYYYMMDD');
    settled countersign.partitioned_tables%ROWTYPE;
BEGIN
    SELECT * INTO STRICT settled FROM countersign.partitioned_tables p
        WHERE p.table_name = create_partition.table_name;
    IF day NOT BETWEEN current_date - 7 AND current_date + 60 THEN
        RAISE EXCEPTION USING ERRCODE = 'CS003', MESSAGE = 'day must lie within 7 days back and 60 days ahead';
    END IF;
    EXECUTE format('CREATE TABLE countersign.%I (LIKE countersign.%I INCLUDING ALL) WITH (fillfactor = %s, '
                   'autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02)',
                   child, table_name, settled.fillfactor);
    EXECUTE format('ALTER TABLE countersign.%I ATTACH PARTITION countersign.%I FOR VALUES FROM (%L) TO (%L)',
                   table_name, child, countersign.uuid_floor(day::timestamp AT TIME ZONE 'UTC'),
                   countersign.uuid_floor((day + 1)::timestamp AT TIME ZONE 'UTC'));
END
$$;

-- The partitions whose last row is older than the table's retention.
CREATE FUNCTION countersign.outlived_partitions() RETURNS TABLE (partition_name text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT c.relname::text
        FROM countersign.partitioned_tables t
        JOIN pg_inherits i ON i.inhparent = to_regclass('countersign.' || t.table_name)
        JOIN pg_class c ON c.oid = i.inhrelid
        WHERE c.relname ~ '_[0-9]{8}$'
          AND to_date(right(c.relname, 8), 'YYYYMMDD') + t.retention_days + 1
              <= (clock_timestamp() AT TIME ZONE 'UTC')::date
        ORDER BY c.relname;
END
$$;

-- Drops one outlived partition, and no other table: the name must be one that outlived_partitions lists.
CREATE FUNCTION countersign.drop_partition(partition_name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '50ms' AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM countersign.outlived_partitions() o
                   WHERE o.partition_name = drop_partition.partition_name) THEN
        RAISE EXCEPTION USING ERRCODE = 'CS003',
            MESSAGE = format('%I is not a partition that has outlived its retention', partition_name);
    END IF;
    EXECUTE format('DROP TABLE countersign.%I', partition_name);
END
$$;

---------------------------------------------------------------------------------------------------------
-- The bell. Advisory lock (0x43530000 + stage, n); n = 0 to 15 are held by the one worker that sleeps at the
-- bell, 16 is its seat. Inserts try to share one of the sixteen until their commit: not obtained means that
-- a worker sleeps, so they NOTIFY; obtained means that a worker is awake or cannot fall asleep before their
-- rows are visible. The commit of a NOTIFY takes one lock for all databases, which is why awake workers must
-- not be notified: 32 clients inserted 24,000 rows/s so, and 5,200 with a NOTIFY each (design section 4).
---------------------------------------------------------------------------------------------------------
CREATE FUNCTION countersign.stage_number(stage text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN array_position(ARRAY['enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep'], stage);
END
$$;

CREATE FUNCTION countersign.ring(stage text) RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- 1129512960 is 0x43530000
    IF NOT pg_try_advisory_xact_lock_shared(1129512960 + countersign.stage_number(stage),
                                            pg_backend_pid() & 15)
       AND pg_notification_queue_usage() < 0.5 THEN
        PERFORM pg_notify('countersign_' || stage, '');
    END IF;
END
$$;

CREATE FUNCTION countersign.ring_after_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock_shared(1129512960 + TG_ARGV[0]::integer, pg_backend_pid() & 15)
       AND pg_notification_queue_usage() < 0.5 THEN
        PERFORM pg_notify('countersign_' || TG_ARGV[1], '');
    END IF;
    RETURN NULL;
END
$$;

-- Sits down at the bell: -1 when somebody else has the seat, else how many of the sixteen locks are held.
-- Fewer than sixteen means that an inserter has not committed yet: look again soon.
CREATE FUNCTION countersign.arm_bell(stage text) RETURNS integer
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key integer := 1129512960 + countersign.stage_number(stage);
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

---------------------------------------------------------------------------------------------------------
-- Who is asking
--
-- Functions that portals and apps call often keep generic plans: over partitions the planner takes a plan for
-- these very values to be cheaper and makes one at each call, which costs more than running it. A generic plan
-- made while a table is empty would scan it for ever after, so those that read growing tables may not scan; and
-- what a forbidden scan of one row (settings) is said to cost must not have the query compiled.
---------------------------------------------------------------------------------------------------------

-- The portal of this session: that of its login, or, for a member of countersign_gateway and only then, the
-- one that SET LOCAL countersign.portal names. NULL for everybody else.
CREATE FUNCTION countersign.current_portal() RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    answer integer;
BEGIN
    SELECT p.portal_id INTO answer FROM countersign.portals p WHERE p.login = session_user;
    IF answer IS NULL AND pg_has_role(session_user, 'countersign_gateway', 'MEMBER') THEN
        SELECT p.portal_id INTO answer FROM countersign.portals p
            WHERE p.name = current_setting('countersign.portal', true);
    END IF;
    RETURN answer;
END
$$;

CREATE FUNCTION countersign.current_app() RETURNS integer
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    answer integer;
BEGIN
    SELECT a.app_id INTO answer FROM countersign.apps a WHERE a.login = session_user;
    IF answer IS NULL AND pg_has_role(session_user, 'countersign_gateway', 'MEMBER') THEN
        SELECT a.app_id INTO answer FROM countersign.apps a
            WHERE a.name = current_setting('countersign.app', true);
    END IF;
    RETURN answer;
END
$$;

CREATE FUNCTION countersign.portal_channel() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT p.channel FROM countersign.portals p WHERE p.portal_id = countersign.current_portal());
END
$$;

CREATE FUNCTION countersign.app_channel() RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT a.channel FROM countersign.apps a WHERE a.app_id = countersign.current_app());
END
$$;

-- Notifies portals '<status> <id>[,<id>...]', at most 200 ids a payload (NOTIFY allows 8,000 bytes). Skipped
-- while the notification queue is half full: the tables are the truth, and a full queue fails commits.
CREATE FUNCTION countersign.tell_portals(portal_ids integer[], ids uuid[], statuses text[]) RETURNS void
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

CREATE FUNCTION countersign.tell_apps(app_ids integer[], ids uuid[], statuses text[]) RETURNS void
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

---------------------------------------------------------------------------------------------------------
-- Bad input
---------------------------------------------------------------------------------------------------------
CREATE FUNCTION countersign.refuse(code text, message text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
END
$$;

-- Refuses (CS003) a text that is too long or holds control or bidirectional formatting characters, with
-- which a message could be made to look like another one on the user's phone. What a backslash means in a
-- plain literal is a setting of the caller's session, so functions have none, or write E''.
CREATE FUNCTION countersign.check_text(column_name text, value text, longest integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF char_length(value) > longest THEN
        PERFORM countersign.refuse('CS003', format('%s is longer than %s characters', column_name, longest));
    ELSIF value ~ E'[\\x01-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]' THEN
        PERFORM countersign.refuse('CS003', format(
            '%s holds a control or bidirectional formatting character; printable text is allowed', column_name));
    END IF;
END
$$;

CREATE FUNCTION countersign.is_inet(value text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN masklen(value::inet) IN (32, 128) AND value !~ '/';
EXCEPTION WHEN data_exception THEN
    RETURN false;
END
$$;

CREATE FUNCTION countersign.is_callback_uri(uri text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN octet_length(uri) <= 2048
        AND uri ~ '^https?://([A-Za-z0-9._-]+|[[][0-9A-Fa-f:.]+])(:[0-9]{1,5})?(/[!-"$-~]*)?([?][!-"$-~]*)?$';
END
$$;

-- Says what is wrong with a request that check_auth_request found fault with, in the order of the CS codes.
CREATE FUNCTION countersign.refuse_auth_request(given countersign.auth_requests) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    settings countersign.settings%ROWTYPE;
    portal countersign.portals%ROWTYPE;
BEGIN
    SELECT * INTO settings FROM countersign.settings;
    SELECT * INTO portal FROM countersign.portals p WHERE p.portal_id = given.portal_id;
    IF NOT settings.mobile_authentication_enabled THEN
        PERFORM countersign.refuse('CS001', 'mobile authentication is disabled');
    ELSIF NOT settings.enrollment_enabled THEN
        PERFORM countersign.refuse('CS007', 'enrollment is disabled, and signing in with a code needs it');
    ELSIF portal.portal_id IS NULL THEN
        PERFORM countersign.refuse('CS008', format('login %s belongs to no portal', session_user));
    ELSIF NOT portal.enabled THEN
        PERFORM countersign.refuse('CS008', 'this portal is disabled');
    ELSIF portal.over_limit THEN
        PERFORM countersign.refuse('CS008', 'this portal has reached its limit of open requests; try again later');
    ELSIF given.auth_type IS NULL THEN
        PERFORM countersign.refuse('CS003', 'auth_type is missing; the name of an authentication type is allowed');
    ELSIF NOT EXISTS (SELECT FROM countersign.auth_types t WHERE t.name = given.auth_type) THEN
        PERFORM countersign.refuse('CS002', 'auth_type is not the name of an authentication type');
    ELSIF given.callback_uri IS NULL OR given.callback_uri = '' THEN
        PERFORM countersign.refuse('CS003', 'callback_uri is missing; an http or https address is allowed');
    ELSIF settings.callback_allowlist_enabled AND NOT EXISTS (
            SELECT FROM countersign.callback_urls c
            WHERE c.portal_id = portal.portal_id AND c.url = given.callback_uri) THEN
        PERFORM countersign.refuse('CS005',
            'callback_uri is not one of this portal''s callback addresses, which it must equal exactly');
    ELSIF NOT countersign.is_callback_uri(given.callback_uri) THEN
        PERFORM countersign.refuse('CS005', 'callback_uri must be an http or https address of at most 2,048 '
            'ASCII characters, without user name, password or fragment');
    ELSIF char_length(given.language_code) > 35 OR given.language_code !~ '^[a-z]{2,3}(-[a-z0-9]{2,8})*$' THEN
        PERFORM countersign.refuse('CS003', 'language_code must be a lower-case language tag such as en or nl-be, '
                                            'of at most 35 characters');  -- RFC 5646 section 4.4.1
    ELSIF given.message IS NULL THEN
        PERFORM countersign.refuse('CS004',
            'message is missing, and the authentication type has no default for this language or English');
    ELSIF char_length(given.message) > 155 THEN
        PERFORM countersign.refuse('CS004', 'message is longer than 155 characters');
    ELSIF octet_length(given.secure_message) > 8192 THEN
        PERFORM countersign.refuse('CS003', 'secure_message is longer than 8,192 bytes');
    ELSIF NOT countersign.is_inet(given.ip_address) THEN
        PERFORM countersign.refuse('CS003', 'ip_address must be one IPv4 or IPv6 address');
    END IF;
    PERFORM countersign.check_text('message', given.message, 155);
    PERFORM countersign.check_text('user_agent', given.user_agent, 1024);
    PERFORM countersign.check_text('reference', given.reference, 255);
    RAISE EXCEPTION 'the request was refused for no known reason';
END
$$;

-- Fills in and checks a request: one query decides whether anything is wrong and fills the columns, and only
-- then is it found out what. Each expression of a PL/pgSQL function is prepared anew in each transaction: a
-- chain of IFs that said what was wrong at once cost 75 us of the 167 us of an insert.
-- The plan is generic, because planning for each row's values would cost 130 us more.
CREATE FUNCTION countersign.check_auth_request() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    fine boolean;
BEGIN
    -- Only the owner may write portal_id (loading, tests): the column is granted to nobody.
    SELECT p.portal_id, t.method, 'requested', now.at, now.at + make_interval(secs => t.request_expires_in),
           now.at + make_interval(secs => t.request_expires_in),
           CASE WHEN NEW.message <> '' THEN NEW.message ELSE (
               SELECT m.message FROM countersign.auth_type_messages m
               WHERE m.auth_type = NEW.auth_type
                 AND m.language_code IN (NEW.language_code, split_part(NEW.language_code, '-', 1), 'en')
               ORDER BY m.language_code = NEW.language_code DESC NULLS LAST, m.language_code = 'en' LIMIT 1) END,
           s.mobile_authentication_enabled AND s.enrollment_enabled AND p.enabled AND NOT p.over_limit
           AND t.method IS NOT NULL
           AND CASE WHEN s.callback_allowlist_enabled
                    THEN EXISTS (SELECT FROM countersign.callback_urls c
                                 WHERE c.portal_id = p.portal_id AND c.url = NEW.callback_uri)
                    ELSE countersign.is_callback_uri(NEW.callback_uri) END
           AND CASE WHEN char_length(NEW.language_code) > 35 THEN false
                    ELSE coalesce(NEW.language_code ~ '^[a-z]{2,3}(-[a-z0-9]{2,8})*$', true) END
           AND coalesce(octet_length(NEW.secure_message) <= 8192, true)
           AND CASE WHEN NEW.ip_address IS NULL THEN true ELSE countersign.is_inet(NEW.ip_address) END
           AND coalesce(char_length(NEW.message) <= 155, true)
           AND coalesce(char_length(NEW.user_agent) <= 1024, true)
           AND coalesce(char_length(NEW.reference) <= 255, true)
           AND concat(NEW.message, NEW.user_agent, NEW.reference)
               !~ E'[\\x01-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]'
        INTO NEW.portal_id, NEW.method, NEW.status, NEW.requested_at, NEW.expires_at, NEW.open_until, NEW.message,
             fine
        FROM (SELECT clock_timestamp() AS at OFFSET 0) AS now
        CROSS JOIN countersign.settings s
        LEFT JOIN countersign.portals p ON p.portal_id = coalesce(NEW.portal_id,
            (SELECT own.portal_id FROM countersign.portals own WHERE own.login = session_user),
            (SELECT countersign.current_portal()))
        LEFT JOIN countersign.auth_types t ON t.name = NEW.auth_type;
    IF fine AND NEW.message IS NOT NULL THEN
        INSERT INTO countersign.issue_queue (portal_id, transaction_id) VALUES (NEW.portal_id, NEW.transaction_id);
        RETURN NEW;
    END IF;
    PERFORM countersign.refuse_auth_request(NEW);
    RETURN NULL;
END
$$;
CREATE TRIGGER check_auth_request BEFORE INSERT ON countersign.auth_requests
    FOR EACH ROW EXECUTE FUNCTION countersign.check_auth_request();
CREATE TRIGGER ring_bell AFTER INSERT ON countersign.auth_requests
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.ring_after_insert('2', 'issue');

CREATE FUNCTION countersign.check_enrollment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known record;
BEGIN
    SELECT s.enrollment_enabled, s.signature_required, a.app_id, a.enabled INTO known
        FROM countersign.settings s
        LEFT JOIN countersign.apps a ON a.app_id = coalesce(NEW.app_id, (SELECT countersign.current_app()));
    IF NOT known.enrollment_enabled THEN
        PERFORM countersign.refuse('CS007', 'enrollment is disabled');
    ELSIF known.app_id IS NULL THEN
        PERFORM countersign.refuse('CS008', format('login %s belongs to no app', session_user));
    ELSIF NOT known.enabled THEN
        PERFORM countersign.refuse('CS008', 'this app is disabled');
    ELSIF coalesce(NEW.user_id, '') = '' THEN
        PERFORM countersign.refuse('CS003', 'user_id is missing; 1 to 255 characters are allowed');
    ELSIF coalesce(NEW.device_id, '') = '' THEN
        PERFORM countersign.refuse('CS003', 'device_id is missing; 1 to 255 characters are allowed');
    ELSIF NEW.public_key IS NULL AND known.signature_required THEN
        PERFORM countersign.refuse('CS003', 'public_key is missing; an armored OpenPGP public key is required');
    ELSIF octet_length(NEW.public_key) > 16384 THEN
        PERFORM countersign.refuse('CS003', 'public_key is longer than 16,384 bytes');
    END IF;
    PERFORM countersign.check_text('user_id', NEW.user_id, 255);
    PERFORM countersign.check_text('device_id', NEW.device_id, 255);
    PERFORM countersign.check_text('device_name', NEW.device_name, 255);
    PERFORM countersign.check_text('platform', NEW.platform, 64);
    NEW.app_id := known.app_id;
    NEW.status := 'pending';
    RETURN NEW;
END
$$;
CREATE TRIGGER check_enrollment BEFORE INSERT ON countersign.enrollments
    FOR EACH ROW EXECUTE FUNCTION countersign.check_enrollment();
CREATE TRIGGER ring_bell AFTER INSERT ON countersign.enrollments
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.ring_after_insert('1', 'enroll');

-- Takes a submission apart. It never raises for what the app sent: a failing statement is logged with its
-- literals, and the code is one of them. The code itself is not stored; its digest is.
CREATE FUNCTION countersign.take_submission() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    code bytea;
    well_formed boolean;
BEGIN
    NEW.app_id := coalesce(NEW.app_id, countersign.current_app());
    IF NEW.app_id IS NULL THEN
        -- not content: this login may not submit at all; the code stays out of the message
        PERFORM countersign.refuse('CS008', format('login %s belongs to no app', session_user));
    END IF;
    NEW.submitted_at := clock_timestamp();
    NEW.status := 'pending';

    -- Lengths come first: a regular expression fails on a text of more than 256 MiB.
    IF (CASE WHEN octet_length(NEW.otp) = 64 THEN NEW.otp ~ '^[A-Za-z0-9_-]{64}$' END) THEN
        code := decode(translate(NEW.otp, '-_', '+/'), 'base64');
        NEW.transaction_id := encode(substring(code FOR 16), 'hex')::uuid;
        NEW.secret_digest := sha256(substring(code FROM 17));
    END IF;
    NEW.otp := NULL;
    IF (CASE WHEN octet_length(NEW.enrollment_id) = 36
             THEN NEW.enrollment_id ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' END) THEN
        NEW.enrollment := NEW.enrollment_id::uuid;
    END IF;
    IF (CASE WHEN octet_length(NEW.signed_at) = 20
             THEN NEW.signed_at ~ ('^20[0-9]{2}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])'
                                   'T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$') END) THEN
        BEGIN
            NEW.signed_time := NEW.signed_at::timestamptz;
        EXCEPTION WHEN data_exception THEN
            NULL;  -- 30 February
        END;
    END IF;

    well_formed := NEW.transaction_id IS NOT NULL AND NEW.enrollment IS NOT NULL
        AND NEW.action IS NOT NULL AND NEW.action IN ('scan', 'accept', 'deny')
        AND (NEW.signed_at IS NULL OR NEW.signed_time IS NOT NULL)
        AND CASE WHEN octet_length(NEW.prompt_digest) > 64 THEN false
                 ELSE coalesce(NEW.prompt_digest ~ '^([0-9a-f]{64}|-)$', true) END
        AND (NEW.signature IS NULL OR octet_length(NEW.signature) <= 16384);
    IF well_formed THEN
        INSERT INTO countersign.validate_queue (app_id, submission_id) VALUES (NEW.app_id, NEW.submission_id);
        RETURN NEW;
    END IF;

    -- Nothing of a malformed submission is kept but what was understood: a code may stand in the wrong column.
    NEW.status := 'rejected';
    NEW.reason := 'malformed';
    NEW.resolved_at := NEW.submitted_at;
    NEW.enrollment_id := NEW.enrollment::text;
    NEW.action := CASE WHEN NEW.action IN ('scan', 'accept', 'deny') THEN NEW.action END;
    NEW.signed_at := CASE WHEN NEW.signed_time IS NOT NULL THEN NEW.signed_at END;
    NEW.prompt_digest := NULL;
    NEW.signature := NULL;
    PERFORM countersign.tell_apps(ARRAY[NEW.app_id], ARRAY[NEW.submission_id], ARRAY['rejected']);
    RETURN NEW;
END
$$;
CREATE TRIGGER take_submission BEFORE INSERT ON countersign.submissions
    FOR EACH ROW EXECUTE FUNCTION countersign.take_submission();
-- also where session_replication_role would switch triggers off: no code may be stored, ever
ALTER TABLE countersign.submissions ENABLE ALWAYS TRIGGER take_submission;
CREATE TRIGGER ring_bell AFTER INSERT ON countersign.submissions
    FOR EACH STATEMENT EXECUTE FUNCTION countersign.ring_after_insert('3', 'validate');

---------------------------------------------------------------------------------------------------------
-- The end of requests: one place for every end, whoever brings it about.
---------------------------------------------------------------------------------------------------------

-- Ends those of the given requests that are still open, each at most once, and returns them. In the same
-- transaction: the webhook delivery (outbox), the audit event, the removal of an uncollected code, the
-- notifications. An answer counts only before expires_at and an expiry only after it, tested here and now.
-- Workers call it for rows that they hold already, so it waits for nobody; codes that a portal is collecting
-- at this moment are left to housekeep, because collect_otp looks at the request first.
CREATE FUNCTION countersign.end_requests(
    ids uuid[], ends text[], enrollment_ids uuid[] DEFAULT NULL, submission_ids uuid[] DEFAULT NULL,
    verified boolean[] DEFAULT NULL, fingerprints text[] DEFAULT NULL
) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    ended_ids uuid[];
    ended_portals integer[];
    ended_statuses text[];
BEGIN
    WITH ended AS (
        UPDATE countersign.auth_requests r
        SET status = g.ended, open_until = NULL, open_scan_by = NULL, resolved_at = clock_timestamp(),
            enrollment_id = coalesce(g.enrollment_id, r.enrollment_id),
            app_id = coalesce(e.app_id, r.app_id),
            user_id = CASE WHEN g.ended = 'authenticated' THEN e.user_id END,
            device_id = CASE WHEN g.ended = 'authenticated' THEN e.device_id END,
            signature_verified = g.verified, signature = s.signature, signer_fingerprint = g.fingerprint
        FROM unnest(ids, ends, enrollment_ids, submission_ids, verified, fingerprints)
                 AS g (id, ended, enrollment_id, submission_id, verified, fingerprint)
             LEFT JOIN countersign.enrollments e ON e.enrollment_id = g.enrollment_id
             LEFT JOIN countersign.submissions s ON s.submission_id = g.submission_id
        WHERE r.transaction_id = g.id AND r.open_until IS NOT NULL
          AND (g.ended NOT IN ('authenticated', 'denied') OR clock_timestamp() < r.expires_at)
          AND (g.ended <> 'expired' OR clock_timestamp() >= r.expires_at
               OR NOT (SELECT mobile_authentication_enabled FROM countersign.settings))
        RETURNING r.transaction_id, r.portal_id, r.app_id, r.enrollment_id, r.status, r.callback_uri,
                  r.requested_at, r.resolved_at, r.auth_type, r.reference, r.ip_address, r.user_agent,
                  r.signature_verified, r.signer_fingerprint, e.user_id AS answered_by
    ), deliveries AS (
        INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, portal_id, request_status,
                                                    callback_uri)
        SELECT transaction_id, resolved_at, portal_id, status, callback_uri FROM ended
    ), queued AS (
        INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id,
                                                request_status, callback_uri)
        SELECT transaction_id, resolved_at, resolved_at, portal_id, status, callback_uri FROM ended
    ), audited AS (
        INSERT INTO countersign.events (transaction_id, enrollment_id, portal_id, app_id, type, user_id, details)
        SELECT transaction_id, enrollment_id, portal_id, app_id, 'request.' || status, answered_by,
               jsonb_strip_nulls(jsonb_build_object(
                   'requested_at', requested_at, 'auth_type', auth_type, 'reference', reference,
                   'ip_address', ip_address, 'user_agent', user_agent,
                   'signature_verified', signature_verified, 'signer_fingerprint', signer_fingerprint))
        FROM ended
    ), forgotten AS (
        DELETE FROM countersign.otp_secrets
        WHERE transaction_id IN (SELECT o.transaction_id FROM countersign.otp_secrets o
                                 WHERE o.transaction_id IN (SELECT ended.transaction_id FROM ended)
                                 FOR UPDATE SKIP LOCKED)
    )
    SELECT array_agg(transaction_id), array_agg(portal_id), array_agg(status)
        INTO ended_ids, ended_portals, ended_statuses FROM ended;
    IF ended_ids IS NOT NULL THEN
        PERFORM countersign.tell_portals(ended_portals, ended_ids, ended_statuses);
        PERFORM countersign.ring('dispatch');
    END IF;
    RETURN QUERY SELECT unnest(ended_ids);
END
$$;

---------------------------------------------------------------------------------------------------------
-- What portals call
---------------------------------------------------------------------------------------------------------

-- The portal's own request as it stands, or CS006.
CREATE FUNCTION countersign.own_request(id uuid) RETURNS countersign.auth_requests
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE;
BEGIN
    SELECT * INTO request FROM countersign.auth_requests r
        WHERE r.transaction_id = id AND r.portal_id = countersign.current_portal();
    IF NOT FOUND THEN
        PERFORM countersign.refuse('CS006', 'transaction_id is not that of a request of this portal');
    END IF;
    RETURN request;
END
$$;

-- The code, exactly once: base64url of the 16 bytes of the transaction id and the 32 of the secret. NULL when
-- it is not issued yet, was collected already, or the request has ended. Deleting is what hands it out, so of
-- two callers one waits for the other and gets NULL; a rolled-back call has collected nothing.
CREATE FUNCTION countersign.collect_otp(transaction_id uuid) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE := countersign.own_request(transaction_id);
    code bytea;
BEGIN
    IF request.status NOT IN ('issued', 'scanned') OR clock_timestamp() >= request.expires_at THEN
        RETURN NULL;
    END IF;
    DELETE FROM countersign.otp_secrets o WHERE o.transaction_id = request.transaction_id
        RETURNING o.secret INTO code;
    RETURN translate(encode(uuid_send(request.transaction_id) || code, 'base64'), '+/', '-_');
END
$$;

-- Whether the row with this xmin was written by the calling transaction or one of its savepoints: such a row
-- stays as it is for as long as we wait, because workers cannot see it. xmin has 32 bits; the upper half is
-- that of the present.
CREATE FUNCTION countersign.is_own_row(row_xmin xid) RETURNS boolean
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
CREATE FUNCTION countersign.wait_until(timeout interval) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF timeout IS NULL OR timeout < interval '0' OR timeout > interval '10 s' THEN
        PERFORM countersign.refuse('CS003', 'timeout must lie between 0 and 10 seconds');
    ELSIF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM countersign.refuse('CS003', 'waiting needs a transaction at READ COMMITTED: in any other it '
                                            'would never see the answer');
    END IF;
    RETURN clock_timestamp() + timeout;
END
$$;

-- collect_otp for callers that cannot LISTEN: polls after 2 ms at first, after 50 ms at last.
CREATE FUNCTION countersign.await_otp(transaction_id uuid, timeout interval) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    deadline timestamptz := countersign.wait_until(timeout);
    request countersign.auth_requests%ROWTYPE := countersign.own_request(transaction_id);
    pause double precision := 0.002;
BEGIN
    IF request.status = 'requested' AND (SELECT countersign.is_own_row(r.xmin) FROM countersign.auth_requests r
                                         WHERE r.transaction_id = request.transaction_id) THEN
        PERFORM countersign.refuse('CS003', 'the request was inserted by this transaction: commit it first');
    END IF;
    -- Whoever issues or cancels the request takes it out of the queue, and that is the smaller table to look at.
    deadline := least(deadline, request.expires_at);
    WHILE EXISTS (SELECT FROM countersign.issue_queue q
                  WHERE q.portal_id = request.portal_id AND q.transaction_id = request.transaction_id)
          AND clock_timestamp() < deadline LOOP
        PERFORM pg_sleep(pause);
        pause := least(pause * 1.5, 0.05);
    END LOOP;
    RETURN countersign.collect_otp(request.transaction_id);
END
$$;

-- Ends the portal's own open request; true if it was still open. The queue row comes first: it is what
-- workers claim, and whoever holds it is never waited for.
CREATE FUNCTION countersign.cancel_request(transaction_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    request countersign.auth_requests%ROWTYPE := countersign.own_request(transaction_id);
BEGIN
    DELETE FROM countersign.issue_queue q
        WHERE q.portal_id = request.portal_id AND q.transaction_id = request.transaction_id;
    RETURN EXISTS (SELECT FROM countersign.end_requests(ARRAY[request.transaction_id], ARRAY['cancelled']));
END
$$;

CREATE VIEW countersign.auth_results WITH (security_barrier) AS
SELECT r.transaction_id, r.reference, r.callback_uri, r.status,
       CASE WHEN r.resolved_at IS NOT NULL
            THEN r.status = 'authenticated' AND clock_timestamp() < r.resolved_at + interval '300 s'
       END AS is_authenticated,
       CASE WHEN r.status = 'authenticated' THEN r.user_id END AS user_id,
       CASE WHEN r.status = 'authenticated' THEN r.device_id END AS device_id,
       CASE WHEN r.status = 'authenticated' THEN r.app_id END AS app_id,
       r.method AS authentication_method,
       CASE WHEN r.status = 'authenticated' THEN r.signature_verified END AS signature_verified,
       CASE WHEN r.status = 'authenticated' THEN r.signature END AS signature,
       CASE WHEN r.status = 'authenticated' THEN r.signer_fingerprint END AS signer_fingerprint,
       CASE WHEN r.status IN ('denied', 'expired', 'cancelled', 'failed') THEN r.status
       END AS not_authenticated_reason,
       r.requested_at, r.resolved_at, r.resolved_at + interval '300 s' AS valid_until
FROM countersign.auth_requests r
WHERE r.portal_id = (SELECT countersign.current_portal());

---------------------------------------------------------------------------------------------------------
-- What apps call
---------------------------------------------------------------------------------------------------------
CREATE VIEW countersign.submission_results WITH (security_barrier) AS
SELECT s.submission_id, s.transaction_id, s.action, s.status AS result, s.reason, s.prompt
FROM countersign.submissions s
WHERE s.app_id = (SELECT countersign.current_app());

CREATE VIEW countersign.enrollment_results WITH (security_barrier) AS
SELECT e.enrollment_id, e.user_id, e.device_id, e.status, e.reason, e.server_public_key
FROM countersign.enrollments e
WHERE e.app_id = (SELECT countersign.current_app());

-- The submission's result as soon as it is known; result is 'pending' when the time ran out first.
CREATE FUNCTION countersign.await_submission(submission_id uuid, timeout interval)
RETURNS SETOF countersign.submission_results
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    deadline timestamptz := countersign.wait_until(timeout);
    found record;
    pause double precision := 0.002;
BEGIN
    SELECT s.app_id, s.status, s.xmin INTO found FROM countersign.submissions s
        WHERE s.submission_id = await_submission.submission_id AND s.app_id = countersign.current_app();
    IF found.status IS NULL THEN
        PERFORM countersign.refuse('CS003', 'submission_id is not that of a submission of this app');
    ELSIF found.status = 'pending' AND countersign.is_own_row(found.xmin) THEN
        PERFORM countersign.refuse('CS003', 'the submission was inserted by this transaction: commit it first');
    END IF;
    -- Its verdict takes it out of the queue, and that is the smaller table to look at.
    WHILE EXISTS (SELECT FROM countersign.validate_queue q
                  WHERE q.app_id = found.app_id AND q.submission_id = await_submission.submission_id)
          AND clock_timestamp() < deadline LOOP
        PERFORM pg_sleep(pause);
        pause := least(pause * 1.5, 0.05);
    END LOOP;
    RETURN QUERY
        SELECT s.submission_id, s.transaction_id, s.action, s.status, s.reason, s.prompt
        FROM countersign.submissions s WHERE s.submission_id = await_submission.submission_id;
END
$$;

---------------------------------------------------------------------------------------------------------
-- What operators call
---------------------------------------------------------------------------------------------------------

-- Creates the login of a portal or an app, member of that group and of no other of ours, with limits that
-- keep a careless client from holding up the database. The verifier is a SCRAM secret, never a password.
CREATE FUNCTION countersign.create_login(login text, group_role text, verifier text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    other text;
BEGIN
    IF group_role NOT IN ('countersign_portal', 'countersign_app') THEN
        PERFORM countersign.refuse('CS003', 'group_role must be countersign_portal or countersign_app');
    ELSIF verifier IS NOT NULL AND verifier !~ '^SCRAM-SHA-256[$]' THEN
        PERFORM countersign.refuse('CS003', 'verifier must be a SCRAM-SHA-256 secret');
    END IF;
    IF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login) THEN
        IF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = login AND (r.rolsuper OR r.rolcreaterole
                   OR r.rolbypassrls OR r.rolreplication OR NOT r.rolcanlogin)) THEN
            PERFORM countersign.refuse('CS003', format(
                'role %I exists and is not a plain login; a portal or an app needs one without privileges', login));
        END IF;
        SELECT g.rolname INTO other FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
            JOIN pg_roles r ON r.oid = m.member
            WHERE r.rolname = login AND starts_with(g.rolname::text, 'countersign_') AND g.rolname <> group_role LIMIT 1;
        IF other IS NOT NULL THEN
            PERFORM countersign.refuse('CS003', format(
                'role %I is a member of %I already; a portal or app login belongs to one group only', login, other));
        END IF;
        EXECUTE format('GRANT %I TO %I', group_role, login);
        RETURN false;
    END IF;
    EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT 64 IN ROLE %I', login, group_role);
    IF verifier IS NOT NULL THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', login, verifier);
    END IF;
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''30s''', login);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = ''15s''', login);
    RETURN true;
END
$$;

-- How much waits in each stage: exact up to 10,000 rows, beyond that an estimate from the table's size.
CREATE FUNCTION countersign.estimated_rows(queue regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT CASE WHEN c.reltuples > 0 AND c.relpages > 0
                        THEN c.reltuples / c.relpages * (pg_relation_size(c.oid) / 8192)
                        ELSE pg_relation_size(c.oid) / 60 END
            FROM pg_class c WHERE c.oid = queue)::bigint;
END
$$;

CREATE FUNCTION countersign.queue_status()
RETURNS TABLE (stage text, waiting bigint, estimated boolean, oldest timestamptz, in_flight bigint,
               done_last_minute bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    cap constant integer := 10000;
BEGIN
    RETURN QUERY
    WITH counted (stage, waiting, queue, oldest) AS (
        VALUES
        ('enroll', (SELECT count(*) FROM (SELECT FROM countersign.enrollments WHERE status = 'pending'
                                          LIMIT cap + 1) x),
            NULL::regclass,
            (SELECT min(created_at) FROM (SELECT created_at FROM countersign.enrollments WHERE status = 'pending'
                                          LIMIT cap + 1) x)),
        ('issue', (SELECT count(*) FROM (SELECT FROM countersign.issue_queue LIMIT cap + 1) x),
            'countersign.issue_queue'::regclass,
            (SELECT min(countersign.uuid_time(head.id)) FROM countersign.portals p CROSS JOIN LATERAL
                (SELECT q.transaction_id AS id FROM countersign.issue_queue q WHERE q.portal_id = p.portal_id
                 ORDER BY q.transaction_id LIMIT 1) head)),
        ('validate', (SELECT count(*) FROM (SELECT FROM countersign.validate_queue LIMIT cap + 1) x),
            'countersign.validate_queue'::regclass,
            (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
                (SELECT q.submission_id AS id FROM countersign.validate_queue q WHERE q.app_id = a.app_id
                 ORDER BY q.submission_id LIMIT 1) head)),
        ('expire', (SELECT count(*) FROM (SELECT FROM countersign.auth_requests
                                          WHERE open_until <= moment LIMIT cap + 1) x),
            NULL::regclass,
            (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
             ORDER BY r.open_until LIMIT 1)),
        ('dispatch', (SELECT count(*) FROM (SELECT FROM countersign.dispatch_queue WHERE NOT leased LIMIT cap + 1) x),
            'countersign.dispatch_queue'::regclass,
            (SELECT min(head.at) FROM countersign.portals p CROSS JOIN LATERAL
                (SELECT q.due_at AS at FROM countersign.dispatch_queue q WHERE q.portal_id = p.portal_id
                   AND q.due_at <= moment ORDER BY q.due_at LIMIT 1) head)),
        ('housekeep', (SELECT count(*) FROM countersign.missing_partitions()), NULL::regclass, NULL::timestamptz)
    ), live AS (
        SELECT w.stage, sum(w.in_flight) AS in_flight, sum(w.done_last_minute) AS done
        FROM countersign.worker_stages w JOIN countersign.workers p USING (worker_id)
        WHERE p.heartbeat_at > moment - interval '15 s' GROUP BY w.stage
    )
    SELECT c.stage,
           CASE WHEN c.waiting > cap AND c.queue IS NOT NULL
                THEN greatest(c.waiting, countersign.estimated_rows(c.queue)) ELSE c.waiting END,
           c.waiting > cap, c.oldest, coalesce(l.in_flight, 0)::bigint, coalesce(l.done, 0)::bigint
    FROM counted c LEFT JOIN live l ON l.stage = c.stage
    ORDER BY countersign.stage_number(c.stage);
END
$$;

---------------------------------------------------------------------------------------------------------
-- Row-level security: what portals and apps see of the tables they insert into.
---------------------------------------------------------------------------------------------------------
ALTER TABLE countersign.auth_requests ENABLE ROW LEVEL SECURITY;
ALTER TABLE countersign.enrollments ENABLE ROW LEVEL SECURITY;
ALTER TABLE countersign.submissions ENABLE ROW LEVEL SECURITY;

CREATE POLICY portal_reads ON countersign.auth_requests FOR SELECT TO countersign_portal, countersign_gateway
    USING (portal_id = (SELECT countersign.current_portal()));
CREATE POLICY portal_inserts ON countersign.auth_requests FOR INSERT TO countersign_portal, countersign_gateway
    WITH CHECK (portal_id = (SELECT countersign.current_portal()));
CREATE POLICY app_reads ON countersign.enrollments FOR SELECT TO countersign_app, countersign_gateway
    USING (app_id = (SELECT countersign.current_app()));
CREATE POLICY app_inserts ON countersign.enrollments FOR INSERT TO countersign_app, countersign_gateway
    WITH CHECK (app_id = (SELECT countersign.current_app()));
CREATE POLICY app_reads ON countersign.submissions FOR SELECT TO countersign_app, countersign_gateway
    USING (app_id = (SELECT countersign.current_app()));
CREATE POLICY app_inserts ON countersign.submissions FOR INSERT TO countersign_app, countersign_gateway
    WITH CHECK (app_id = (SELECT countersign.current_app()));

CREATE POLICY worker_all ON countersign.auth_requests TO countersign_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON countersign.enrollments TO countersign_worker USING (true) WITH CHECK (true);
CREATE POLICY worker_all ON countersign.submissions TO countersign_worker USING (true) WITH CHECK (true);
CREATE POLICY operators_read ON countersign.auth_requests FOR SELECT TO countersign_monitor, countersign_admin
    USING (true);
CREATE POLICY operators_read ON countersign.enrollments FOR SELECT TO countersign_monitor, countersign_admin
    USING (true);
CREATE POLICY operators_read ON countersign.submissions FOR SELECT TO countersign_monitor, countersign_admin
    USING (true);

---------------------------------------------------------------------------------------------------------
-- Grants
---------------------------------------------------------------------------------------------------------
REVOKE ALL ON ALL TABLES IN SCHEMA countersign FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA countersign FROM PUBLIC;

-- uuid_v7 stands in column defaults, which run with the inserter's rights.
GRANT EXECUTE ON FUNCTION countersign.uuid_v7() TO countersign_portal, countersign_app, countersign_gateway,
    countersign_worker, countersign_admin;

GRANT INSERT (auth_type, callback_uri, message, secure_message, language_code, ip_address, user_agent, reference)
    ON countersign.auth_requests TO countersign_portal, countersign_gateway;
GRANT SELECT (transaction_id, requested_at, expires_at, status, auth_type, callback_uri, message, language_code,
              reference)
    ON countersign.auth_requests TO countersign_portal, countersign_gateway;
GRANT SELECT ON countersign.auth_results TO countersign_portal, countersign_gateway;
GRANT EXECUTE ON FUNCTION countersign.current_portal(), countersign.portal_channel(),
    countersign.collect_otp(uuid), countersign.await_otp(uuid, interval), countersign.cancel_request(uuid)
    TO countersign_portal, countersign_gateway;

GRANT INSERT (user_id, device_id, device_name, platform, public_key)
    ON countersign.enrollments TO countersign_app, countersign_gateway;
GRANT SELECT (enrollment_id, created_at, status) ON countersign.enrollments TO countersign_app, countersign_gateway;
GRANT INSERT (enrollment_id, otp, action, signed_at, prompt_digest, signature)
    ON countersign.submissions TO countersign_app, countersign_gateway;
GRANT SELECT (submission_id, submitted_at, action, status, reason)
    ON countersign.submissions TO countersign_app, countersign_gateway;
GRANT SELECT ON countersign.submission_results, countersign.enrollment_results
    TO countersign_app, countersign_gateway;
GRANT EXECUTE ON FUNCTION countersign.current_app(), countersign.app_channel(),
    countersign.await_submission(uuid, interval) TO countersign_app, countersign_gateway;

GRANT SELECT ON countersign.settings, countersign.portals, countersign.apps, countersign.auth_types,
    countersign.auth_type_messages, countersign.callback_urls, countersign.partitioned_tables,
    countersign.schema_migrations TO countersign_worker;
GRANT SELECT, INSERT, UPDATE ON countersign.auth_requests, countersign.submissions,
    countersign.webhook_deliveries, countersign.webhook_attempts TO countersign_worker;
GRANT SELECT, UPDATE ON countersign.enrollments TO countersign_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.issue_queue, countersign.validate_queue,
    countersign.dispatch_queue, countersign.otp_secrets, countersign.workers, countersign.worker_stages
    TO countersign_worker;
GRANT SELECT, INSERT ON countersign.events TO countersign_worker;
GRANT UPDATE (over_limit) ON countersign.portals TO countersign_worker;
GRANT UPDATE (signing_secret) ON countersign.portals TO countersign_admin;
GRANT EXECUTE ON FUNCTION countersign.end_requests(uuid[], text[], uuid[], uuid[], boolean[], text[]),
    countersign.tell_portals(integer[], uuid[], text[]), countersign.tell_apps(integer[], uuid[], text[]),
    countersign.ring(text), countersign.arm_bell(text), countersign.stage_number(text),
    countersign.uuid_floor(timestamptz), countersign.uuid_time(uuid), countersign.missing_partitions(integer),
    countersign.create_partition(text, date), countersign.outlived_partitions(), countersign.drop_partition(text),
    countersign.refuse(text, text)
    TO countersign_worker;

-- No code, no secret, no user: monitoring reads named columns only.
GRANT SELECT ON countersign.settings, countersign.auth_types, countersign.auth_type_messages, countersign.workers,
    countersign.worker_stages, countersign.partitioned_tables, countersign.schema_migrations,
    countersign.issue_queue, countersign.validate_queue, countersign.dispatch_queue,
    countersign.webhook_deliveries TO countersign_monitor, countersign_admin;
GRANT SELECT (portal_id, max_open_requests, created_at, enabled, over_limit, login, name, display_name)
    ON countersign.portals TO countersign_monitor, countersign_admin;
GRANT SELECT (app_id, created_at, enabled, login, name) ON countersign.apps TO countersign_monitor, countersign_admin;
GRANT SELECT (callback_id, portal_id, url) ON countersign.callback_urls TO countersign_monitor, countersign_admin;
GRANT SELECT (transaction_id, started_at, attempt, duration_ms, status_code, error_class)
    ON countersign.webhook_attempts TO countersign_monitor, countersign_admin;
GRANT SELECT (transaction_id, requested_at, expires_at, open_until, issued_at, scanned_at, resolved_at,
              enrollment_id, portal_id, app_id, signature_verified, status, auth_type, method, callback_uri,
              message, language_code, signer_fingerprint)
    ON countersign.auth_requests TO countersign_monitor, countersign_admin;
GRANT SELECT (submission_id, submitted_at, resolved_at, app_id, status, reason, action, transaction_id, enrollment)
    ON countersign.submissions TO countersign_monitor, countersign_admin;
GRANT SELECT (enrollment_id, created_at, activated_at, revoked_at, locked_until, app_id, status, reason, platform)
    ON countersign.enrollments TO countersign_monitor, countersign_admin;
GRANT SELECT (event_id, occurred_at, transaction_id, enrollment_id, portal_id, app_id, type)
    ON countersign.events TO countersign_monitor, countersign_admin;
GRANT EXECUTE ON FUNCTION countersign.queue_status(), countersign.uuid_floor(timestamptz),
    countersign.uuid_time(uuid), countersign.stage_number(text), countersign.missing_partitions(integer)
    TO countersign_monitor, countersign_admin;

GRANT UPDATE ON countersign.settings TO countersign_admin;
GRANT INSERT, DELETE ON countersign.portals, countersign.apps, countersign.auth_types,
    countersign.auth_type_messages, countersign.callback_urls TO countersign_admin;
GRANT UPDATE (enabled, display_name, max_open_requests) ON countersign.portals TO countersign_admin;
GRANT UPDATE (enabled) ON countersign.apps TO countersign_admin;
GRANT UPDATE ON countersign.auth_types, countersign.auth_type_messages, countersign.callback_urls
    TO countersign_admin;
GRANT SELECT ON countersign.portals, countersign.callback_urls, countersign.apps TO countersign_admin;
GRANT SELECT (user_id, device_id, device_name) ON countersign.enrollments TO countersign_admin;
GRANT SELECT (user_id, device_id) ON countersign.auth_requests TO countersign_admin;
GRANT SELECT, INSERT ON countersign.events TO countersign_admin;
GRANT EXECUTE ON FUNCTION countersign.create_login(text, text, text), countersign.random_channel(),
    countersign.check_text(text, text, integer), countersign.is_callback_uri(text),
    countersign.refuse(text, text) TO countersign_admin;
-- What is sealed is bound to its row's id, so the id is taken before the row is inserted.
GRANT USAGE ON SEQUENCE countersign.portals_portal_id_seq, countersign.callback_urls_callback_id_seq
    TO countersign_admin;

DO $$
BEGIN
    PERFORM countersign.create_partition(m.table_name, m.day) FROM countersign.missing_partitions() m;
END
$$;

"""#
    ),
    MigrationFile(
        name: "0002_enrollment.sql",
        text: #"""
-- Enrollment by exchange of OpenPGP keys, and submissions that prove who answered: the server's key pairs, what is
-- known of a device's key, evidence in the audit trail, and the rules of signatures where the database keeps them.
-- minimum-binary: 2
--
-- Program 1 must not work on this schema: it would activate enrollments whose keys nobody has looked at and that
-- got none of the server's, and, once signatures are required, refuse every submission. It drains when it sees the
-- schema; what is queued waits for the first worker of program 2.

---------------------------------------------------------------------------------------------------------
-- The server's key pairs: one for each enrollment, or a shared one.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.server_keys (
    server_key_id  uuid PRIMARY KEY,  -- made by the worker, because what it seals is bound to it
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    retired_at     timestamptz,       -- of a shared pair: when it was rotated; its enrollments go on using it
    shared         boolean NOT NULL DEFAULT false,
    fingerprint    text NOT NULL,
    public_key     text NOT NULL,     -- armored
    secret_key     bytea,             -- sealed; forgotten with the last enrollment that could use it
    CONSTRAINT server_keys_forgotten CHECK (secret_key IS NOT NULL OR NOT shared)
) WITH (toast_tuple_target = 4080);   -- a row has 1.5 to 2.5 KB of what cannot be compressed: keep it in one place
-- One shared pair at a time, whichever worker needs it first.
CREATE UNIQUE INDEX server_keys_current ON countersign.server_keys ((true)) WHERE shared AND retired_at IS NULL;
-- Which master keys are in use is looked up at each worker's start, by skipping through this index.
CREATE INDEX server_keys_sealed ON countersign.server_keys (substring(secret_key FROM 1 FOR 5), server_key_id)
    WHERE secret_key IS NOT NULL;

-- server_public_key stood in the enrollment itself, empty so far; a shared pair is stored once.
ALTER TABLE countersign.enrollments
    ADD COLUMN server_key_id uuid REFERENCES countersign.server_keys,
    ADD COLUMN key_fingerprint text;  -- of the device's key, once the enroll stage has found it good
CREATE OR REPLACE VIEW countersign.enrollment_results WITH (security_barrier) AS
SELECT e.enrollment_id, e.user_id, e.device_id, e.status, e.reason,
       (SELECT k.public_key FROM countersign.server_keys k
        WHERE k.server_key_id = e.server_key_id) AS server_public_key, e.key_fingerprint
FROM countersign.enrollments e
WHERE e.app_id = (SELECT countersign.current_app());
ALTER TABLE countersign.enrollments DROP COLUMN server_public_key;

-- Signatures are required from now on, except where that would lock somebody out: enrollments of program 1 have no
-- key that was ever looked at. Such an installation goes on as it was, until its operator switches it on.
ALTER TABLE countersign.settings ALTER COLUMN signature_required SET DEFAULT true;
UPDATE countersign.settings SET signature_required = true
WHERE NOT EXISTS (SELECT FROM countersign.enrollments WHERE status IN ('pending', 'active'));

-- `countersign events` by user or by transaction, over 400 days.
CREATE INDEX events_user ON countersign.events (user_id, event_id) WHERE user_id IS NOT NULL;
CREATE INDEX events_transaction ON countersign.events (transaction_id) WHERE transaction_id IS NOT NULL;

---------------------------------------------------------------------------------------------------------
-- What apps insert
---------------------------------------------------------------------------------------------------------

-- As in 0001; and a secret key, sent by mistake, is neither stored nor named in an error, which the server would
-- log with the statement's literals: the enrollment becomes a rejected one.
CREATE OR REPLACE FUNCTION countersign.check_enrollment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known record;
BEGIN
    SELECT s.enrollment_enabled, s.signature_required, a.app_id, a.enabled INTO known
        FROM countersign.settings s
        LEFT JOIN countersign.apps a ON a.app_id = coalesce(NEW.app_id, (SELECT countersign.current_app()));
    IF NOT known.enrollment_enabled THEN
        PERFORM countersign.refuse('CS007', 'enrollment is disabled');
    ELSIF known.app_id IS NULL THEN
        PERFORM countersign.refuse('CS008', format('login %s belongs to no app', session_user));
    ELSIF NOT known.enabled THEN
        PERFORM countersign.refuse('CS008', 'this app is disabled');
    ELSIF coalesce(NEW.user_id, '') = '' THEN
        PERFORM countersign.refuse('CS003', 'user_id is missing; 1 to 255 characters are allowed');
    ELSIF coalesce(NEW.device_id, '') = '' THEN
        PERFORM countersign.refuse('CS003', 'device_id is missing; 1 to 255 characters are allowed');
    ELSIF NEW.public_key IS NULL AND known.signature_required THEN
        PERFORM countersign.refuse('CS003', 'public_key is missing; an armored OpenPGP public key is required');
    ELSIF octet_length(NEW.public_key) > 16384 THEN
        PERFORM countersign.refuse('CS003', 'public_key is longer than 16,384 bytes');
    END IF;
    PERFORM countersign.check_text('user_id', NEW.user_id, 255);
    PERFORM countersign.check_text('device_id', NEW.device_id, 255);
    PERFORM countersign.check_text('device_name', NEW.device_name, 255);
    PERFORM countersign.check_text('platform', NEW.platform, 64);
    NEW.app_id := known.app_id;
    NEW.status := 'pending';
    IF strpos(NEW.public_key, 'PRIVATE KEY') > 0 THEN
        NEW.public_key := NULL;
        NEW.status := 'rejected';
        NEW.reason := 'public_key holds a private key: make a new key pair and send its public key only';
        PERFORM countersign.tell_apps(ARRAY[NEW.app_id], ARRAY[NEW.enrollment_id], ARRAY['rejected']);
    END IF;
    RETURN NEW;
END
$$;

-- As in 0001; and a signature that is no armor is kept as an empty one, which is invalid: what stands there by
-- mistake may be a code.
CREATE OR REPLACE FUNCTION countersign.take_submission() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    code bytea;
    well_formed boolean;
BEGIN
    NEW.app_id := coalesce(NEW.app_id, countersign.current_app());
    IF NEW.app_id IS NULL THEN
        -- not content: this login may not submit at all; the code stays out of the message
        PERFORM countersign.refuse('CS008', format('login %s belongs to no app', session_user));
    END IF;
    NEW.submitted_at := clock_timestamp();
    NEW.status := 'pending';

    -- Lengths come first: a regular expression fails on a text of more than 256 MiB.
    IF (CASE WHEN octet_length(NEW.otp) = 64 THEN NEW.otp ~ '^[A-Za-z0-9_-]{64}$' END) THEN
        code := decode(translate(NEW.otp, '-_', '+/'), 'base64');
        NEW.transaction_id := encode(substring(code FOR 16), 'hex')::uuid;
        NEW.secret_digest := sha256(substring(code FROM 17));
    END IF;
    NEW.otp := NULL;
    IF (CASE WHEN octet_length(NEW.enrollment_id) = 36
             THEN NEW.enrollment_id ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' END) THEN
        NEW.enrollment := NEW.enrollment_id::uuid;
    END IF;
    IF (CASE WHEN octet_length(NEW.signed_at) = 20
             THEN NEW.signed_at ~ ('^20[0-9]{2}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])'
                                   'T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$') END) THEN
        BEGIN
            NEW.signed_time := NEW.signed_at::timestamptz;
        EXCEPTION WHEN data_exception THEN
            NULL;  -- 30 February
        END;
    END IF;

    well_formed := NEW.transaction_id IS NOT NULL AND NEW.enrollment IS NOT NULL
        AND NEW.action IS NOT NULL AND NEW.action IN ('scan', 'accept', 'deny')
        AND (NEW.signed_at IS NULL OR NEW.signed_time IS NOT NULL)
        AND CASE WHEN octet_length(NEW.prompt_digest) > 64 THEN false
                 ELSE coalesce(NEW.prompt_digest ~ '^([0-9a-f]{64}|-)$', true) END
        AND (NEW.signature IS NULL OR octet_length(NEW.signature) <= 16384);
    IF well_formed THEN
        IF NOT starts_with(ltrim(NEW.signature, E' \t\r\n'), '-----BEGIN PGP SIGNATURE-----') THEN
            NEW.signature := '';
        END IF;
        INSERT INTO countersign.validate_queue (app_id, submission_id) VALUES (NEW.app_id, NEW.submission_id);
        RETURN NEW;
    END IF;

    -- Nothing of a malformed submission is kept but what was understood: a code may stand in the wrong column.
    NEW.status := 'rejected';
    NEW.reason := 'malformed';
    NEW.resolved_at := NEW.submitted_at;
    NEW.enrollment_id := NEW.enrollment::text;
    NEW.action := CASE WHEN NEW.action IN ('scan', 'accept', 'deny') THEN NEW.action END;
    NEW.signed_at := CASE WHEN NEW.signed_time IS NOT NULL THEN NEW.signed_at END;
    NEW.prompt_digest := NULL;
    NEW.signature := NULL;
    PERFORM countersign.tell_apps(ARRAY[NEW.app_id], ARRAY[NEW.submission_id], ARRAY['rejected']);
    RETURN NEW;
END
$$;

---------------------------------------------------------------------------------------------------------
-- The end of requests
---------------------------------------------------------------------------------------------------------

-- As in 0001; and
--   * whoever is revoked while his answer is being verified comes too late;
--   * the event of a signed answer keeps the evidence, with which anybody can settle a dispute by OpenPGP alone:
--     the lines that were signed, the signature, the certificate that was enrolled, and the prompt whose digest
--     was signed. No code and no secret; of the secret its digest.
CREATE OR REPLACE FUNCTION countersign.end_requests(
    ids uuid[], ends text[], enrollment_ids uuid[] DEFAULT NULL, submission_ids uuid[] DEFAULT NULL,
    verified boolean[] DEFAULT NULL, fingerprints text[] DEFAULT NULL
) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
DECLARE
    ended_ids uuid[];
    ended_portals integer[];
    ended_statuses text[];
BEGIN
    WITH ended AS (
        UPDATE countersign.auth_requests r
        SET status = g.ended, open_until = NULL, open_scan_by = NULL, resolved_at = clock_timestamp(),
            enrollment_id = coalesce(g.enrollment_id, r.enrollment_id),
            app_id = coalesce(e.app_id, r.app_id),
            user_id = CASE WHEN g.ended = 'authenticated' THEN e.user_id END,
            device_id = CASE WHEN g.ended = 'authenticated' THEN e.device_id END,
            signature_verified = g.verified, signature = s.signature, signer_fingerprint = g.fingerprint
        FROM unnest(ids, ends, enrollment_ids, submission_ids, verified, fingerprints)
                 AS g (id, ended, enrollment_id, submission_id, verified, fingerprint)
             LEFT JOIN countersign.enrollments e ON e.enrollment_id = g.enrollment_id
             LEFT JOIN countersign.submissions s ON s.submission_id = g.submission_id
        WHERE r.transaction_id = g.id AND r.open_until IS NOT NULL
          AND (g.ended NOT IN ('authenticated', 'denied')
               OR (clock_timestamp() < r.expires_at AND e.status IS DISTINCT FROM 'revoked'))
          AND (g.ended <> 'expired' OR clock_timestamp() >= r.expires_at
               OR NOT (SELECT mobile_authentication_enabled FROM countersign.settings))
        RETURNING r.transaction_id, r.portal_id, r.app_id, r.enrollment_id, r.status, r.callback_uri,
                  r.requested_at, r.resolved_at, r.auth_type, r.reference, r.ip_address, r.user_agent,
                  r.signature_verified, r.signer_fingerprint, e.user_id AS answered_by,
                  CASE WHEN g.verified THEN jsonb_build_object(
                      'signed', concat_ws(E'\n', 'countersign-v1', s.action, r.transaction_id,
                                          encode(s.secret_digest, 'hex'), s.enrollment, s.signed_at,
                                          coalesce(s.prompt_digest, '-'), ''),
                      'signature', s.signature, 'certificate', e.public_key, 'prompt', r.prompt)
                  END AS evidence
    ), deliveries AS (
        INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, portal_id, request_status,
                                                    callback_uri)
        SELECT transaction_id, resolved_at, portal_id, status, callback_uri FROM ended
    ), queued AS (
        INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id,
                                                request_status, callback_uri)
        SELECT transaction_id, resolved_at, resolved_at, portal_id, status, callback_uri FROM ended
    ), audited AS (
        INSERT INTO countersign.events (transaction_id, enrollment_id, portal_id, app_id, type, user_id, details)
        SELECT transaction_id, enrollment_id, portal_id, app_id, 'request.' || status, answered_by,
               jsonb_strip_nulls(jsonb_build_object(
                   'requested_at', requested_at, 'auth_type', auth_type, 'reference', reference,
                   'ip_address', ip_address, 'user_agent', user_agent,
                   'signature_verified', signature_verified, 'signer_fingerprint', signer_fingerprint,
                   'evidence', evidence))
        FROM ended
    ), forgotten AS (
        DELETE FROM countersign.otp_secrets
        WHERE transaction_id IN (SELECT o.transaction_id FROM countersign.otp_secrets o
                                 WHERE o.transaction_id IN (SELECT ended.transaction_id FROM ended)
                                 FOR UPDATE SKIP LOCKED)
    )
    SELECT array_agg(transaction_id), array_agg(portal_id), array_agg(status)
        INTO ended_ids, ended_portals, ended_statuses FROM ended;
    IF ended_ids IS NOT NULL THEN
        PERFORM countersign.tell_portals(ended_portals, ended_ids, ended_statuses);
        PERFORM countersign.ring('dispatch');
    END IF;
    RETURN QUERY SELECT unnest(ended_ids);
END
$$;

---------------------------------------------------------------------------------------------------------
-- Revoking
---------------------------------------------------------------------------------------------------------

-- Revokes an enrollment at once, also for requests that it has scanned already; true if it could still answer or
-- was waiting to. An administrator revokes any, the gateway those of the app it speaks for. Apps cannot call it
-- themselves: one that idled in its transaction would hold a row that workers must not wait for.
CREATE FUNCTION countersign.revoke_enrollment(enrollment_id uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    app integer := countersign.current_app();
    revoked countersign.enrollments%ROWTYPE;
BEGIN
    SELECT * INTO revoked FROM countersign.enrollments e
        WHERE e.enrollment_id = revoke_enrollment.enrollment_id
          AND (e.app_id = app OR pg_has_role(session_user, 'countersign_admin', 'MEMBER')
               OR pg_has_role(session_user, current_user, 'MEMBER')) FOR UPDATE;  -- the owner
    IF NOT FOUND THEN
        PERFORM countersign.refuse('CS003', 'enrollment_id is not that of an enrollment of this app');
    ELSIF revoked.status NOT IN ('pending', 'active') THEN
        RETURN false;
    END IF;
    UPDATE countersign.enrollments e
        SET status = 'revoked', revoked_at = clock_timestamp(),
            reason = CASE WHEN app IS NULL THEN 'revoked by an operator' ELSE 'revoked by the app' END
        WHERE e.enrollment_id = revoked.enrollment_id;
    UPDATE countersign.server_keys k SET secret_key = NULL
        WHERE k.server_key_id = revoked.server_key_id AND NOT k.shared;
    INSERT INTO countersign.events (enrollment_id, app_id, user_id, type, details)
        VALUES (revoked.enrollment_id, revoked.app_id, revoked.user_id, 'enrollment.revoked',
                jsonb_strip_nulls(jsonb_build_object('key_fingerprint', revoked.key_fingerprint)));
    PERFORM countersign.tell_apps(ARRAY[revoked.app_id], ARRAY[revoked.enrollment_id], ARRAY['revoked']);
    RETURN true;
END
$$;

---------------------------------------------------------------------------------------------------------
-- Grants
---------------------------------------------------------------------------------------------------------
REVOKE ALL ON FUNCTION countersign.revoke_enrollment(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION countersign.revoke_enrollment(uuid) TO countersign_gateway, countersign_admin;
GRANT SELECT, INSERT, UPDATE (secret_key) ON countersign.server_keys TO countersign_worker;
-- the sealed secret for `key reseal`
GRANT SELECT, UPDATE (secret_key, retired_at) ON countersign.server_keys TO countersign_admin;
GRANT SELECT (server_key_id, key_fingerprint) ON countersign.enrollments TO countersign_admin;

"""#
    ),
    MigrationFile(
        name: "0003_webhooks.sql",
        text: #"""
-- Webhooks fit for failing receivers: deliveries are queued by endpoint (portal and origin of the address), a
-- breaker for each endpoint is shared by all workers, dead deliveries are listed and replayed, and a portal's
-- signing secret can be replaced without a gap.
-- minimum-binary: 2

---------------------------------------------------------------------------------------------------------
-- Signing, and limits of each endpoint of a portal
---------------------------------------------------------------------------------------------------------
ALTER TABLE countersign.portals
    ADD COLUMN previous_secret        bytea,        -- sealed; signs too until previous_secret_until
    ADD COLUMN previous_secret_until  timestamptz,
    ADD COLUMN webhook_key            bytea,        -- sealed ed25519 private key; signs `v1a` where there is one
    ADD COLUMN webhook_concurrency    integer NOT NULL DEFAULT 8
        CONSTRAINT portals_webhook_concurrency CHECK (webhook_concurrency BETWEEN 1 AND 100),
    ADD COLUMN webhook_rate           integer       -- deliveries a second; NULL is no limit
        CONSTRAINT portals_webhook_rate CHECK (webhook_rate BETWEEN 1 AND 100000),
    ADD CONSTRAINT portals_previous_secret CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL));

---------------------------------------------------------------------------------------------------------
-- The queue, by endpoint
---------------------------------------------------------------------------------------------------------
-- `origin` is scheme, host and port as they are written. Computed here, so that whoever ends a request need not
-- know of it. `attempts_before` is how many attempts were made before the delivery was replayed: the schedule
-- begins anew, the numbers of the attempts go on.
ALTER TABLE countersign.dispatch_queue
    ADD COLUMN origin text COLLATE "C" NOT NULL GENERATED ALWAYS AS
        (coalesce(lower(substring(callback_uri FROM '^[A-Za-z]+://[^/?]*')), '')) STORED,
    ADD COLUMN queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    ADD COLUMN attempts_before integer NOT NULL DEFAULT 0;
-- Claims go from endpoint to endpoint: the first row of each tells at once whether anything is due there.
CREATE INDEX dispatch_queue_endpoint ON countersign.dispatch_queue (portal_id, origin, due_at, transaction_id);
DROP INDEX countersign.dispatch_queue_due;

ALTER TABLE countersign.webhook_attempts
    ADD COLUMN detail text CONSTRAINT webhook_attempts_detail CHECK (octet_length(detail) <= 1024);

---------------------------------------------------------------------------------------------------------
-- Breakers
---------------------------------------------------------------------------------------------------------
-- A row exists once the breaker of an endpoint has opened. An endpoint belongs to one portal, so that nobody can
-- open another's breaker by making the same receiver fail.
CREATE TABLE countersign.webhook_endpoints (
    portal_id      integer NOT NULL REFERENCES countersign.portals ON DELETE CASCADE,
    trips          integer NOT NULL DEFAULT 0,   -- how often it has opened since it last was closed
    changed_at     timestamptz NOT NULL,
    open_until     timestamptz NOT NULL,         -- then one delivery goes out as a probe
    failing_since  timestamptz,                  -- NULL once it is closed
    origin         text COLLATE "C" NOT NULL,
    state          text NOT NULL
                   CONSTRAINT webhook_endpoints_state CHECK (state IN ('closed', 'open', 'half_open')),
    reason         text,                         -- the error class that opened it
    PRIMARY KEY (portal_id, origin)
) WITH (fillfactor = 50);

-- What each worker has seen of each endpoint, in slots of 10 s: written once a second, by each worker into rows
-- of its own, so that no row is hot. Workers sweep what is older than two minutes.
CREATE TABLE countersign.webhook_endpoint_counts (
    portal_id  integer NOT NULL,
    attempts   integer NOT NULL,
    worker_id  uuid NOT NULL,
    slot       timestamptz NOT NULL,
    failures   integer NOT NULL,
    origin     text COLLATE "C" NOT NULL,
    PRIMARY KEY (portal_id, origin, slot, worker_id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 1000);

---------------------------------------------------------------------------------------------------------
-- Dead deliveries: the list that is replayed from
---------------------------------------------------------------------------------------------------------
-- A table of its own: an index for this on webhook_deliveries would cost each delivery its heap-only update.
CREATE TABLE countersign.dead_deliveries (
    transaction_id  uuid PRIMARY KEY,
    died_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    portal_id       integer NOT NULL
);
CREATE INDEX dead_deliveries_portal ON countersign.dead_deliveries (portal_id, died_at);
INSERT INTO countersign.dead_deliveries (transaction_id, died_at, portal_id)
SELECT transaction_id, finished_at, portal_id FROM countersign.webhook_deliveries WHERE status = 'dead';

-- Deliveries that older programs give up after this migration are listed too.
CREATE FUNCTION countersign.note_dead_delivery() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO countersign.dead_deliveries (transaction_id, portal_id)
    VALUES (NEW.transaction_id, NEW.portal_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_dead_delivery AFTER UPDATE OF status ON countersign.webhook_deliveries
    FOR EACH ROW WHEN (NEW.status = 'dead' AND OLD.status <> 'dead')
    EXECUTE FUNCTION countersign.note_dead_delivery();

-- Queues finished deliveries again and makes waiting ones due now; leaves alone what is on its way. Returns
-- those it has moved. The token begins at the time, so that no worker's token of an earlier life fits.
CREATE FUNCTION countersign.send_again(ids uuid[]) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moved uuid[];
BEGIN
    WITH again AS (
        UPDATE countersign.webhook_deliveries d SET status = 'pending', finished_at = NULL
        WHERE d.transaction_id = ANY (ids) AND d.status <> 'pending'
        RETURNING d.*
    ), queued AS (
        INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, token, portal_id, attempts,
                                                attempts_before, request_status, callback_uri)
        SELECT transaction_id, clock_timestamp(), created_at,
               (date_part('epoch', clock_timestamp()) * 1000000)::bigint, portal_id, attempts, attempts,
               request_status, callback_uri
        FROM again
        RETURNING transaction_id
    ), hurried AS (
        UPDATE countersign.dispatch_queue q SET due_at = clock_timestamp()
        WHERE q.transaction_id = ANY (ids) AND NOT q.leased
        RETURNING q.transaction_id
    ), listed AS (
        DELETE FROM countersign.dead_deliveries l WHERE l.transaction_id IN (SELECT a.transaction_id FROM again a)
    ), audited AS (
        INSERT INTO countersign.events (transaction_id, portal_id, type)
        SELECT transaction_id, portal_id, 'webhook.sent_again' FROM again
    )
    SELECT array_agg(transaction_id) INTO moved
    FROM (SELECT transaction_id FROM queued UNION ALL SELECT transaction_id FROM hurried) AS both_of_them;
    IF moved IS NOT NULL THEN
        PERFORM countersign.ring('dispatch');
    END IF;
    RETURN QUERY SELECT unnest(moved);
END
$$;

---------------------------------------------------------------------------------------------------------
-- Grants
---------------------------------------------------------------------------------------------------------
REVOKE ALL ON FUNCTION countersign.send_again(uuid[]), countersign.note_dead_delivery() FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.webhook_endpoints, countersign.webhook_endpoint_counts,
    countersign.dead_deliveries TO countersign_worker;
GRANT SELECT ON countersign.webhook_endpoints, countersign.dead_deliveries
    TO countersign_monitor, countersign_admin;
GRANT SELECT (detail) ON countersign.webhook_attempts TO countersign_monitor, countersign_admin;
GRANT SELECT (body) ON countersign.webhook_attempts TO countersign_admin;
GRANT SELECT (webhook_concurrency, webhook_rate) ON countersign.portals TO countersign_monitor;
GRANT UPDATE (signing_secret, previous_secret, previous_secret_until, webhook_key, webhook_concurrency,
              webhook_rate) ON countersign.portals TO countersign_admin;
GRANT EXECUTE ON FUNCTION countersign.send_again(uuid[]) TO countersign_admin;

"""#
    ),
    MigrationFile(
        name: "0004_gateway.sql",
        text: #"""
-- What the HTTP side needs beside the SQL contract: credentials of portals, and a few questions that a portal
-- or an app may ask over HTTP and not in SQL. The gateway gets functions for them, never the tables.
-- minimum-binary: 2

-- Client ids and secrets of portals, for HTTP Basic or form authentication. Several may stand side by side
-- while a portal changes from one to the next.
CREATE TABLE countersign.portal_credentials (
    portal_id    integer NOT NULL REFERENCES countersign.portals ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    client_id    text PRIMARY KEY
                 CONSTRAINT portal_credentials_form CHECK (client_id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    secret_hash  text NOT NULL  -- scrypt, see SecretHash: the secret itself is nowhere
);

-- Whose client id that is, and what its secret must fit. No row for an unknown one.
CREATE FUNCTION countersign.portal_credential(client_id text)
RETURNS TABLE (portal text, channel text, enabled boolean, secret_hash text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT p.name, p.channel, p.enabled, c.secret_hash
        FROM countersign.portal_credentials c JOIN countersign.portals p USING (portal_id)
        WHERE c.client_id = portal_credential.client_id;
END
$$;

-- The authentication types with which that user can be signed in: all of them, if one of his devices (or that
-- device) is enrolled and nothing is switched off. Apps are few; each is one look into enrollments_active.
CREATE FUNCTION countersign.enabled_types(user_id text, device_id text DEFAULT NULL)
RETURNS TABLE (name text, method text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF countersign.current_portal() IS NULL THEN
        PERFORM countersign.refuse('CS008', format('login %s belongs to no portal', session_user));
    ELSIF NOT (SELECT s.mobile_authentication_enabled FROM countersign.settings s) THEN
        PERFORM countersign.refuse('CS001', 'mobile authentication is disabled');
    END IF;
    RETURN QUERY
        SELECT t.name, t.method FROM countersign.auth_types t
        WHERE (SELECT s.enrollment_enabled FROM countersign.settings s)
          AND EXISTS (SELECT FROM countersign.apps a CROSS JOIN LATERAL
                          (SELECT FROM countersign.enrollments e
                           WHERE e.app_id = a.app_id AND e.user_id = enabled_types.user_id AND e.status = 'active'
                             AND (enabled_types.device_id IS NULL OR e.device_id = enabled_types.device_id)
                           LIMIT 1) active
                      WHERE a.enabled)
        ORDER BY t.name;
END
$$;

-- The public key of the device that authenticated the portal's own request. NULL when none did, or it has none.
CREATE FUNCTION countersign.signer_public_key(transaction_id uuid) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN (SELECT e.public_key FROM countersign.auth_requests r
            JOIN countersign.enrollments e ON e.enrollment_id = r.enrollment_id
            WHERE r.transaction_id = signer_public_key.transaction_id AND r.status = 'authenticated'
              AND r.signature IS NOT NULL AND r.portal_id = countersign.current_portal());
END
$$;

-- A user's own enrollments in the app, newest first. Those that were rejected or revoked stay in the list for
-- as long as they exist, so that an app can say why a phone no longer works.
CREATE FUNCTION countersign.own_enrollments(user_id text)
RETURNS TABLE (enrollment_id uuid, device_id text, device_name text, platform text, status text, reason text,
               server_public_key text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT e.enrollment_id, e.device_id, e.device_name, e.platform, e.status, e.reason, k.public_key,
               e.created_at
        FROM countersign.enrollments e LEFT JOIN countersign.server_keys k USING (server_key_id)
        WHERE e.app_id = countersign.current_app() AND e.user_id = own_enrollments.user_id
        ORDER BY e.enrollment_id DESC LIMIT 100;
END
$$;
-- Finds all of a user's enrollments; enrollments_active has the active ones only.
CREATE INDEX enrollments_user ON countersign.enrollments (app_id, user_id, enrollment_id);

-- Revokes one of the user's own enrollments; true when there is such a one, revoked now or before.
CREATE FUNCTION countersign.revoke_own_enrollment(enrollment_id uuid, user_id text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM countersign.enrollments e
                   WHERE e.enrollment_id = revoke_own_enrollment.enrollment_id
                     AND e.app_id = countersign.current_app() AND e.user_id = revoke_own_enrollment.user_id) THEN
        RETURN false;
    END IF;
    PERFORM countersign.revoke_enrollment(enrollment_id);
    RETURN true;
END
$$;

-- Whether this enrollment has had this very answer accepted before: a row with the prompt it was shown. The
-- request itself is the evidence: it names who scanned and answered, and keeps the accepted signature, which
-- covers all that was signed. Only the holder of the code can ask, so nothing is told that he does not know.
CREATE FUNCTION countersign.repeated_submission(
    enrollment_id uuid, transaction_id uuid, secret_digest bytea, action text, signature text
) RETURNS TABLE (prompt text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN QUERY
        SELECT r.prompt FROM countersign.auth_requests r
        JOIN countersign.enrollments e ON e.enrollment_id = r.enrollment_id
        WHERE r.transaction_id = repeated_submission.transaction_id
          AND r.secret_digest = repeated_submission.secret_digest
          AND r.enrollment_id = repeated_submission.enrollment_id
          AND e.app_id = countersign.current_app()
          AND CASE repeated_submission.action
                  WHEN 'scan' THEN r.scanned_at IS NOT NULL
                  WHEN 'accept' THEN r.status = 'authenticated'
                                     AND r.signature IS NOT DISTINCT FROM repeated_submission.signature
                  WHEN 'deny' THEN r.status = 'denied'
                                   AND r.signature IS NOT DISTINCT FROM repeated_submission.signature
                  ELSE false END;
END
$$;

REVOKE ALL ON countersign.portal_credentials FROM PUBLIC;
REVOKE ALL ON FUNCTION countersign.portal_credential(text), countersign.enabled_types(text, text),
    countersign.signer_public_key(uuid), countersign.own_enrollments(text),
    countersign.revoke_own_enrollment(uuid, text),
    countersign.repeated_submission(uuid, uuid, bytea, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION countersign.portal_credential(text), countersign.enabled_types(text, text),
    countersign.signer_public_key(uuid), countersign.own_enrollments(text),
    countersign.revoke_own_enrollment(uuid, text),
    countersign.repeated_submission(uuid, uuid, bytea, text, text) TO countersign_gateway;
GRANT SELECT (portal_id, created_at, client_id), INSERT, DELETE, UPDATE (secret_hash)
    ON countersign.portal_credentials TO countersign_admin;
-- A gateway refuses to start on a schema that it does not fit, and looks again while it runs.
GRANT SELECT ON countersign.schema_migrations TO countersign_gateway;

"""#
    ),
    MigrationFile(
        name: "0005_operations.sql",
        text: #"""
-- Operations: pausing stages and portals, what every worker is told while it runs, figures that stay cheap to ask
-- for whatever the backlog, the console's accounts, and the trace that a request belongs to.
-- minimum-binary: 2
--
-- Nothing here is written once a row. What operators change stands in small tables that each worker reads once a
-- second; what they ask for is read from indexes, from PostgreSQL's own statistics, or counted up to a limit.

---------------------------------------------------------------------------------------------------------
-- Acting: each worker looks once a second.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.stage_controls (
    stage       text PRIMARY KEY CONSTRAINT stage_controls_stage CHECK (stage IN
                    ('enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep')),
    paused      boolean NOT NULL DEFAULT false,
    batch_size  integer  -- NULL: what each worker was started with
                CONSTRAINT stage_controls_batch_size CHECK (batch_size BETWEEN 1 AND 1000),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO countersign.stage_controls (stage)
    SELECT unnest(ARRAY['enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep']);

-- A module's level wins over --log-level. `all` is every module that has none of its own.
CREATE TABLE countersign.log_levels (
    module      text PRIMARY KEY CONSTRAINT log_levels_module CHECK (module ~ '^[a-z][a-z0-9-]{0,31}$'),
    level       text NOT NULL CONSTRAINT log_levels_level CHECK (level IN
                    ('trace', 'debug', 'info', 'notice', 'warning', 'error', 'critical')),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A paused portal's requests are accepted and wait; a disabled portal's are refused. They still expire.
ALTER TABLE countersign.portals ADD COLUMN paused boolean NOT NULL DEFAULT false;
ALTER TABLE countersign.workers ADD COLUMN drain_requested boolean NOT NULL DEFAULT false;

---------------------------------------------------------------------------------------------------------
-- Who did it: the console works for several people with one login, and names them in countersign.operator. Nobody
-- but an administrator is believed.
---------------------------------------------------------------------------------------------------------
ALTER TABLE countersign.events ALTER COLUMN actor SET DEFAULT
    CASE WHEN current_setting('countersign.operator', true) <> ''
              AND pg_has_role(session_user, 'countersign_admin', 'MEMBER')
         THEN current_setting('countersign.operator', true) ELSE session_user::text END;

-- The console's accounts.
CREATE TABLE countersign.operators (
    name           text PRIMARY KEY CONSTRAINT operators_name_form CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    is_admin       boolean NOT NULL DEFAULT false,
    password_hash  text NOT NULL  -- scrypt, see SlowHash
);
-- A session is known by the SHA-256 of its cookie: who reads this table cannot sign in with it.
CREATE TABLE countersign.operator_sessions (
    token_digest  bytea PRIMARY KEY,
    operator      text NOT NULL REFERENCES countersign.operators ON DELETE CASCADE,
    expires_at    timestamptz NOT NULL
);

---------------------------------------------------------------------------------------------------------
-- The trace (W3C Trace Context 1.0 section 3.2) that the portal's call was part of; its webhook carries it on.
---------------------------------------------------------------------------------------------------------
ALTER TABLE countersign.auth_requests ADD COLUMN traceparent text;

-- A traceparent that is none is ignored, as the standard wants it, and never a reason to refuse a sign-in.
CREATE FUNCTION countersign.take_traceparent() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF octet_length(NEW.traceparent) <> 55
       OR NEW.traceparent !~ '^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$' THEN
        NEW.traceparent := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER take_traceparent BEFORE INSERT ON countersign.auth_requests
    FOR EACH ROW WHEN (NEW.traceparent IS NOT NULL) EXECUTE FUNCTION countersign.take_traceparent();

---------------------------------------------------------------------------------------------------------
-- How much waits: exact up to 10,000 rows, an estimate beyond.
---------------------------------------------------------------------------------------------------------

-- Rows of a table from 24 of its pages, spread evenly over it, in one statement.
CREATE FUNCTION countersign.sampled_rows(queue regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    pages bigint := pg_relation_size(queue) / current_setting('block_size')::integer;
    places bigint := least(pages, 24);
    sampled bigint;
BEGIN
    IF pages = 0 THEN
        RETURN 0;
    END IF;
    EXECUTE (SELECT 'SELECT ' || string_agg(format('(SELECT count(*) FROM %1$s '
                 'WHERE ctid >= ''(%2$s,0)'' AND ctid < ''(%3$s,0)'')', queue, page, page + 1), ' + ')
             FROM (SELECT floor((place + 0.5) * pages / places)::bigint AS page
                   FROM generate_series(0, places - 1) AS place) AS chosen) INTO sampled;
    RETURN sampled * pages / places;
END
$$;

-- Rows of a queue table without counting them. PostgreSQL counts inserted minus deleted rows by itself, however
-- much dead space the table has, which its size would mistake for rows. Those counts are a second old; a session
-- that did one thing and then idles reports it after ten, and after a crash they begin at zero. So they are
-- believed while a sample of pages does not speak against them, and else the sample is.
CREATE OR REPLACE FUNCTION countersign.estimated_rows(queue regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    live bigint := pg_stat_get_live_tuples(queue);
    sampled bigint;
BEGIN
    IF live <= 20000 AND pg_relation_size(queue) < 2000000 THEN
        RETURN live;
    END IF;
    sampled := countersign.sampled_rows(queue);
    RETURN CASE WHEN sampled BETWEEN live / 4 AND live * 4 THEN live ELSE sampled END;
END
$$;

-- Rows in a sixteenth of a span of time in which `seen` rows, at most 64, were looked at: all of them, or as many
-- as lie there when the rest of it is as dense as up to `last`.
CREATE FUNCTION countersign.dense_rows(seen bigint, since timestamptz, last timestamptz, width interval)
RETURNS double precision LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN CASE WHEN seen < 64 THEN seen
                ELSE seen * greatest(1, least(100000, date_part('epoch', width)
                                                       / greatest(date_part('epoch', last - since), 0.000001))) END;
END
$$;

-- Requests whose time is over, from how densely they lie in time. Their ids were made at most ten minutes before.
CREATE FUNCTION countersign.estimated_due(moment timestamptz) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off SET jit = off AS $$
DECLARE
    low timestamptz := (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
                        ORDER BY r.open_until LIMIT 1);
    high timestamptz;
    width interval;
    since timestamptz;
    seen bigint;
    last timestamptz;
    total double precision := 0;
BEGIN
    IF low IS NULL THEN
        RETURN 0;
    END IF;
    high := (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
             ORDER BY r.open_until DESC LIMIT 1);
    width := (high - low) / 16 + interval '1 us';
    FOR n IN 0 .. 15 LOOP
        since := low + n * width;
        SELECT count(*), max(x.at) INTO seen, last FROM (
            SELECT r.open_until AS at FROM countersign.auth_requests r
            WHERE r.open_until >= since AND r.open_until < since + width
              AND r.transaction_id >= countersign.uuid_floor(since - interval '11 min')
              AND r.transaction_id <= countersign.uuid_floor(since + width)
            ORDER BY r.open_until LIMIT 64) x;
        total := total + countersign.dense_rows(seen, since, last, width);
    END LOOP;
    RETURN total;
END
$$;

-- Pending enrollments in the same way, from the time in their ids.
CREATE FUNCTION countersign.estimated_pending(app integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off
SET enable_sort = off SET jit = off AS $$
DECLARE
    low timestamptz := countersign.uuid_time((SELECT e.enrollment_id FROM countersign.enrollments e
        WHERE e.status = 'pending' AND e.app_id = app ORDER BY e.enrollment_id LIMIT 1));
    high timestamptz := countersign.uuid_time((SELECT e.enrollment_id FROM countersign.enrollments e
        WHERE e.status = 'pending' AND e.app_id = app ORDER BY e.enrollment_id DESC LIMIT 1));
    width interval := (high - low) / 16 + interval '1 ms';
    since timestamptz;
    seen bigint;
    last timestamptz;
    total double precision := 0;
BEGIN
    FOR n IN 0 .. CASE WHEN low IS NULL THEN -1 ELSE 15 END LOOP
        since := low + n * width;
        SELECT count(*), countersign.uuid_time(max(x.id::text)::uuid) INTO seen, last FROM (
            SELECT e.enrollment_id AS id FROM countersign.enrollments e
            WHERE e.status = 'pending' AND e.app_id = app AND e.enrollment_id >= countersign.uuid_floor(since)
              AND e.enrollment_id < countersign.uuid_floor(since + width)
            ORDER BY e.enrollment_id LIMIT 64) x;
        total := total + countersign.dense_rows(seen, since, last, width);
    END LOOP;
    RETURN total;
END
$$;

-- One stage's waiting rows: counted to just over 10,000, unless the estimate already says twice that.
CREATE FUNCTION countersign.stage_depth(stage text, moment timestamptz, OUT waiting bigint, OUT estimated boolean)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET jit = off AS $$
DECLARE
    cap constant integer := 10000;
    guess bigint := CASE stage
        WHEN 'issue' THEN countersign.estimated_rows('countersign.issue_queue')
        WHEN 'validate' THEN countersign.estimated_rows('countersign.validate_queue')
        WHEN 'dispatch' THEN countersign.estimated_rows('countersign.dispatch_queue')
        WHEN 'expire' THEN countersign.estimated_due(moment)
        WHEN 'enroll' THEN (SELECT sum(countersign.estimated_pending(a.app_id)) FROM countersign.apps a)
        ELSE 0 END;
BEGIN
    guess := coalesce(guess, 0);
    estimated := guess > 2 * cap;
    waiting := guess;
    IF NOT estimated THEN
        waiting := CASE stage
            WHEN 'issue' THEN (SELECT count(*) FROM (SELECT FROM countersign.issue_queue LIMIT cap + 1) x)
            WHEN 'validate' THEN (SELECT count(*) FROM (SELECT FROM countersign.validate_queue LIMIT cap + 1) x)
            WHEN 'dispatch' THEN (SELECT count(*) FROM (SELECT FROM countersign.dispatch_queue
                                                        WHERE NOT leased LIMIT cap + 1) x)
            WHEN 'expire' THEN (SELECT count(*) FROM (SELECT FROM countersign.auth_requests
                                                      WHERE open_until <= moment LIMIT cap + 1) x)
            WHEN 'enroll' THEN (SELECT count(*) FROM (SELECT FROM countersign.enrollments
                                                      WHERE status = 'pending' LIMIT cap + 1) x)
            WHEN 'housekeep' THEN (SELECT count(*) FROM countersign.missing_partitions())
            END;
        estimated := waiting > cap;
        waiting := CASE WHEN estimated THEN greatest(waiting, guess) ELSE waiting END;
    END IF;
END
$$;

-- Since when the oldest row waits that a worker may take: a paused or disabled portal's rows wait on purpose.
CREATE FUNCTION countersign.stage_oldest(stage text, moment timestamptz) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN CASE stage
        WHEN 'issue' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.portals p CROSS JOIN LATERAL
            (SELECT q.transaction_id AS id FROM countersign.issue_queue q WHERE q.portal_id = p.portal_id
             ORDER BY q.transaction_id LIMIT 1) head WHERE p.enabled AND NOT p.paused)
        WHEN 'validate' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
            (SELECT q.submission_id AS id FROM countersign.validate_queue q WHERE q.app_id = a.app_id
             ORDER BY q.submission_id LIMIT 1) head)
        WHEN 'dispatch' THEN (SELECT min(head.at) FROM countersign.portals p CROSS JOIN LATERAL
            (SELECT q.due_at AS at FROM countersign.dispatch_queue q WHERE q.portal_id = p.portal_id
               AND q.due_at <= moment ORDER BY q.due_at LIMIT 1) head WHERE p.enabled AND NOT p.paused)
        WHEN 'expire' THEN (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
                            ORDER BY r.open_until LIMIT 1)
        WHEN 'enroll' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
            (SELECT e.enrollment_id AS id FROM countersign.enrollments e
             WHERE e.status = 'pending' AND e.app_id = a.app_id ORDER BY e.enrollment_id LIMIT 1) head)
        END;
END
$$;

CREATE OR REPLACE FUNCTION countersign.queue_status()
RETURNS TABLE (stage text, waiting bigint, estimated boolean, oldest timestamptz, in_flight bigint,
               done_last_minute bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    WITH live AS (
        SELECT w.stage, sum(w.in_flight) AS in_flight, sum(w.done_last_minute) AS done
        FROM countersign.worker_stages w JOIN countersign.workers p USING (worker_id)
        WHERE p.heartbeat_at > moment - interval '15 s' GROUP BY w.stage
    )
    SELECT c.stage, d.waiting, d.estimated, countersign.stage_oldest(c.stage, moment),
           coalesce(l.in_flight, 0)::bigint, coalesce(l.done, 0)::bigint
    FROM countersign.stage_controls c
    CROSS JOIN LATERAL countersign.stage_depth(c.stage, moment) d
    LEFT JOIN live l ON l.stage = c.stage
    ORDER BY countersign.stage_number(c.stage);
END
$$;

---------------------------------------------------------------------------------------------------------
-- The last hours, a row a stage and minute, for the console's sparklines. Written by the worker that keeps house.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.queue_history (
    minute     timestamptz NOT NULL,
    stage      text NOT NULL,
    waiting    bigint NOT NULL,
    done       bigint NOT NULL,
    PRIMARY KEY (stage, minute)
);

CREATE FUNCTION countersign.record_history() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO countersign.queue_history (minute, stage, waiting, done)
        SELECT date_trunc('minute', clock_timestamp()), s.stage, s.waiting, s.done_last_minute
        FROM countersign.queue_status() s
        ON CONFLICT (stage, minute) DO UPDATE SET waiting = excluded.waiting, done = excluded.done;
    DELETE FROM countersign.queue_history h WHERE h.minute < clock_timestamp() - interval '2 hours';
END
$$;

---------------------------------------------------------------------------------------------------------
-- What /metrics and /readyz say of the database besides the queues. No code, secret, user or address.
---------------------------------------------------------------------------------------------------------
CREATE FUNCTION countersign.operating_figures() RETURNS TABLE (name text, label text, value double precision)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part record;
    rows bigint;
BEGIN
    FOR part IN SELECT t.table_name FROM countersign.partitioned_tables t ORDER BY 1 LOOP
        EXECUTE format('SELECT count(*) FROM (SELECT FROM countersign.%I LIMIT 1000) x',
                       part.table_name || '_default') INTO rows;
        name := 'default_partition_rows'; label := part.table_name; value := rows;
        RETURN NEXT;
    END LOOP;
    RETURN QUERY
        SELECT 'stage_paused', c.stage, c.paused::integer::float8 FROM countersign.stage_controls c
        UNION ALL
        SELECT 'portals', s.state, (SELECT count(*) FROM countersign.portals p WHERE CASE s.state
                WHEN 'enabled' THEN p.enabled AND NOT p.paused WHEN 'paused' THEN p.enabled AND p.paused
                WHEN 'disabled' THEN NOT p.enabled ELSE p.over_limit END)::float8
        FROM unnest(ARRAY['enabled', 'paused', 'disabled', 'over_limit']) AS s (state)
        UNION ALL
        SELECT 'workers', c.stage, (SELECT count(*) FROM countersign.worker_stages s
            JOIN countersign.workers w USING (worker_id) WHERE s.stage = c.stage AND NOT w.draining
              AND w.heartbeat_at > clock_timestamp() - interval '15 s')::float8 FROM countersign.stage_controls c
        UNION ALL
        SELECT 'partitions_ahead', t.table_name, coalesce((
            SELECT min(m.day) - (clock_timestamp() AT TIME ZONE 'UTC')::date - 1
            FROM countersign.missing_partitions(30) m WHERE m.table_name = t.table_name), 30)::float8
        FROM countersign.partitioned_tables t
        UNION ALL
        SELECT 'transactions_held', '', (pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                                         - pg_snapshot_xmin(pg_current_snapshot())::text::bigint)::float8
        UNION ALL
        SELECT 'notification_queue_usage', '', pg_notification_queue_usage();
END
$$;

-- Moves the rows of a default partition to where they belong, once their day has a partition. Returns how many.
-- The table is locked for as long as it takes: rows there are few, or something is very wrong.
CREATE FUNCTION countersign.mend_default_partition(table_name text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    parent text := (SELECT p.table_name FROM countersign.partitioned_tables p
                    WHERE p.table_name = mend_default_partition.table_name);
    stray text := parent || '_default';
    columns text;
    key text;
    day date;
    moved bigint;
BEGIN
    IF parent IS NULL THEN
        PERFORM countersign.refuse('CS003', 'table_name must be that of a partitioned table');
    END IF;
    SELECT a.attname INTO key FROM pg_partitioned_table p JOIN pg_attribute a
        ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
        WHERE p.partrelid = to_regclass('countersign.' || quote_ident(parent));
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO columns FROM pg_attribute a
        WHERE a.attrelid = to_regclass('countersign.' || quote_ident(parent)) AND a.attnum > 0
          AND NOT a.attisdropped;
    EXECUTE format('LOCK TABLE countersign.%I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('CREATE TEMPORARY TABLE stray ON COMMIT DROP AS SELECT * FROM countersign.%I', stray);
    EXECUTE format('DELETE FROM countersign.%I', stray);
    FOR day IN EXECUTE format('SELECT DISTINCT (countersign.uuid_time(%I) AT TIME ZONE ''UTC'')::date '
                              'FROM pg_temp.stray', key) LOOP
        IF to_regclass(format('countersign.%I', parent || '_' || to_char(day, 'YYYYMMDD'))) IS NULL
           AND day BETWEEN current_date - 7 AND current_date + 60 THEN
            PERFORM countersign.create_partition(parent, day);
        END IF;
    END LOOP;
    -- The rows were checked when they first came; a trigger would take them for new ones.
    EXECUTE format('ALTER TABLE countersign.%I DISABLE TRIGGER USER', parent);
    EXECUTE format('INSERT INTO countersign.%I (%s) SELECT %s FROM pg_temp.stray', parent, columns, columns);
    GET DIAGNOSTICS moved = ROW_COUNT;
    EXECUTE format('ALTER TABLE countersign.%I ENABLE TRIGGER USER', parent);
    IF parent = 'submissions' THEN
        ALTER TABLE countersign.submissions ENABLE ALWAYS TRIGGER take_submission;
    END IF;
    DROP TABLE pg_temp.stray;
    EXECUTE format('SELECT $1 - count(*) FROM countersign.%I', stray) INTO moved USING moved;
    RETURN moved;
END
$$;

---------------------------------------------------------------------------------------------------------
-- Grants
---------------------------------------------------------------------------------------------------------
REVOKE ALL ON countersign.stage_controls, countersign.log_levels, countersign.operators,
    countersign.operator_sessions, countersign.queue_history FROM PUBLIC;

GRANT INSERT (traceparent) ON countersign.auth_requests TO countersign_portal, countersign_gateway;
GRANT SELECT ON countersign.stage_controls TO countersign_worker, countersign_monitor, countersign_admin;
GRANT SELECT ON countersign.log_levels
    TO countersign_worker, countersign_gateway, countersign_monitor, countersign_admin;
GRANT SELECT ON countersign.queue_history TO countersign_monitor, countersign_admin;
GRANT SELECT (paused) ON countersign.portals TO countersign_monitor;
GRANT EXECUTE ON FUNCTION countersign.queue_status(), countersign.operating_figures()
    TO countersign_worker, countersign_gateway, countersign_monitor, countersign_admin;
GRANT EXECUTE ON FUNCTION countersign.record_history() TO countersign_worker;

GRANT UPDATE (paused, batch_size, updated_at) ON countersign.stage_controls TO countersign_admin;
GRANT INSERT, UPDATE, DELETE ON countersign.log_levels TO countersign_admin;
GRANT UPDATE (paused) ON countersign.portals TO countersign_admin;
GRANT UPDATE (drain_requested) ON countersign.workers TO countersign_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON countersign.operators, countersign.operator_sessions TO countersign_admin;

"""#
    ),
    MigrationFile(
        name: "0006_queue_figures.sql",
        text: #"""
-- What waits, without a walk over what no longer does: who asks reads a bounded number of pages in whatever state
-- the tables are, and the worker that keeps house pays for what may cost more.
-- minimum-binary: 2
--
-- An index leads to rows that are gone until vacuum has taken them out: after two million rows were worked off, the
-- first look for the oldest one passed all of them, and while somebody held a snapshot every look did. Pages have no
-- such past: a page holds so many rows, alive or not, and a table has so many pages.

DROP FUNCTION countersign.stage_depth(text, timestamptz);
DROP FUNCTION countersign.estimated_pending(integer);
DROP FUNCTION countersign.estimated_due(timestamptz);
DROP FUNCTION countersign.dense_rows(bigint, timestamptz, timestamptz, interval);
DROP FUNCTION countersign.estimated_rows(regclass);
DROP FUNCTION countersign.sampled_rows(regclass);

-- A row a stage, written once a second by the worker that keeps house, and by no insert.
CREATE TABLE countersign.queue_figures (
    stage        text PRIMARY KEY,
    measured_at  timestamptz NOT NULL,
    waiting      bigint NOT NULL,
    estimated    boolean NOT NULL,
    oldest       timestamptz
) WITH (fillfactor = 50);

-- Where a stage's waiting rows are: their table, what tells them from its other rows ($1 is the moment), the key with
-- the time when each was made, and since when a row waits (NULL when no worker may take it: it waits on purpose).
CREATE FUNCTION countersign.stage_source(
    stage text, OUT source regclass, OUT condition text, OUT key text, OUT age text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken constant text := 'portal_id IN (SELECT portal_id FROM countersign.portals WHERE enabled AND NOT paused)';
BEGIN
    source := 'countersign.' || CASE stage WHEN 'expire' THEN 'auth_requests' WHEN 'enroll' THEN 'enrollments'
                                           ELSE stage || '_queue' END;
    condition := CASE stage WHEN 'expire' THEN 'open_until <= $1' WHEN 'enroll' THEN $c$status = 'pending'$c$
                            WHEN 'dispatch' THEN 'NOT leased' ELSE 'true' END;
    key := CASE stage WHEN 'enroll' THEN 'enrollment_id' WHEN 'validate' THEN 'submission_id'
                      ELSE 'transaction_id' END;
    age := CASE stage
        WHEN 'expire' THEN 'open_until'
        WHEN 'issue' THEN format('CASE WHEN %s THEN countersign.uuid_time(%I) END', taken, key)
        WHEN 'dispatch' THEN format('CASE WHEN due_at <= $1 AND %s AND %s THEN due_at END', taken,
            'NOT EXISTS (SELECT FROM countersign.webhook_endpoints e WHERE e.portal_id = dispatch_queue.portal_id '
            'AND e.origin = dispatch_queue.origin AND e.state <> ''closed'')')
        ELSE format('countersign.uuid_time(%I)', key) END;
END
$$;

-- Since when the oldest row waits that a worker may take: as in 0005, but of dispatch. A row behind an open breaker
-- waits for its receiver, and one portal's dead server is no reason to wake anybody up. Endpoints are visited by
-- skipping through the index, at most 1,024 of a portal, as the claim does it; the rows of each are in order of time.
CREATE OR REPLACE FUNCTION countersign.stage_oldest(stage text, moment timestamptz) RETURNS timestamptz
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET jit = off AS $$
BEGIN
    RETURN CASE stage
        WHEN 'issue' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.portals p CROSS JOIN LATERAL
            (SELECT q.transaction_id AS id FROM countersign.issue_queue q WHERE q.portal_id = p.portal_id
             ORDER BY q.transaction_id LIMIT 1) head WHERE p.enabled AND NOT p.paused)
        WHEN 'validate' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
            (SELECT q.submission_id AS id FROM countersign.validate_queue q WHERE q.app_id = a.app_id
             ORDER BY q.submission_id LIMIT 1) head)
        WHEN 'dispatch' THEN (
            WITH RECURSIVE lanes (portal_id, origin, due_at, nth) AS (
                (SELECT q.portal_id, q.origin, q.due_at, 1 FROM countersign.dispatch_queue q
                 ORDER BY q.portal_id, q.origin, q.due_at LIMIT 1)
                UNION ALL
                SELECT following.portal_id, following.origin, following.due_at,
                       CASE WHEN following.portal_id = lanes.portal_id THEN lanes.nth + 1 ELSE 1 END
                FROM lanes CROSS JOIN LATERAL (
                    SELECT q.portal_id, q.origin, q.due_at FROM countersign.dispatch_queue q
                    WHERE (q.portal_id, q.origin)  -- every origin begins with http, so 'i' is after them
                          > (lanes.portal_id, CASE WHEN lanes.nth < 1024 THEN lanes.origin ELSE 'i' END)
                    ORDER BY q.portal_id, q.origin, q.due_at LIMIT 1) AS following
            )
            SELECT min(lanes.due_at) FROM lanes
            JOIN countersign.portals p ON p.portal_id = lanes.portal_id AND p.enabled AND NOT p.paused
            WHERE lanes.due_at <= moment AND NOT EXISTS (
                SELECT FROM countersign.webhook_endpoints e
                WHERE e.portal_id = lanes.portal_id AND e.origin = lanes.origin AND e.state <> 'closed'))
        WHEN 'expire' THEN (SELECT r.open_until FROM countersign.auth_requests r WHERE r.open_until <= moment
                            ORDER BY r.open_until LIMIT 1)
        WHEN 'enroll' THEN (SELECT min(countersign.uuid_time(head.id)) FROM countersign.apps a CROSS JOIN LATERAL
            (SELECT e.enrollment_id AS id FROM countersign.enrollments e
             WHERE e.status = 'pending' AND e.app_id = a.app_id ORDER BY e.enrollment_id LIMIT 1) head)
        END;
END
$$;

---------------------------------------------------------------------------------------------------------
-- Estimates
---------------------------------------------------------------------------------------------------------

-- What `places` pages, spread evenly from `first` to before `beyond`, say of all these pages: rows that meet the
-- condition, the variance of that number, and the oldest among the first such row of each page. The variance comes
-- from the differences of neighbours: a queue of which one end is worked off is as even as a full one.
CREATE FUNCTION countersign.page_sample(
    source regclass, first bigint, beyond bigint, places bigint, condition text, age text, moment timestamptz,
    OUT waiting double precision, OUT variance double precision, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
    pages bigint := greatest(beyond - first, 0);
BEGIN
    places := least(places, pages);
    waiting := 0;
    variance := 0;
    IF places > 0 THEN
        EXECUTE format(
            'SELECT sum(s.n), coalesce(sum(s.step * s.step), 0) / 2, min(s.oldest) FROM ('
                'SELECT p.n, f.oldest, p.n - lag(p.n) OVER (ORDER BY c.place) AS step '
                'FROM (SELECT place, format(''(%%s,0)'', page)::tid AS head, '
                             'format(''(%%s,0)'', page + 1)::tid AS tail '
                      'FROM (SELECT place, $2 + (2 * place + 1) * $3 / (2 * $4) AS page '
                            'FROM generate_series(0, $4 - 1) AS place) AS spread OFFSET 0) AS c '
                'CROSS JOIN LATERAL (SELECT count(*) AS n FROM %1$s '
                    'WHERE ctid >= c.head AND ctid < c.tail AND %2$s) AS p '
                'LEFT JOIN LATERAL (SELECT %3$s AS oldest FROM %1$s '
                    'WHERE ctid >= c.head AND ctid < c.tail AND %2$s LIMIT 1) AS f ON p.n > 0) AS s',
            source, condition, age)
            INTO waiting, variance, oldest USING moment, first, pages, places;
        waiting := waiting * pages / places;
        variance := variance * (pages::float8 / places) ^ 2 * (1 - places::float8 / pages);
    END IF;
END
$$;

-- Rows of a queue. PostgreSQL itself counts inserted minus deleted rows, but those counts are a second old, ten when
-- a session did one thing and then idles, and after a crash they begin at zero. So they are believed while the
-- sample can have come from such a queue (a few rows among many pages without any may lie between its places), and
-- else the sample is: a larger one, when its pages differ much.
CREATE FUNCTION countersign.estimated_queue(
    source regclass, condition text, age text, moment timestamptz, OUT waiting bigint, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pages bigint := pg_relation_size(source) / current_setting('block_size')::integer;
    live bigint := pg_stat_get_live_tuples(source);
    sample record;
    slack double precision;
BEGIN
    FOR places IN 16 .. 128 BY 112 LOOP
        sample := countersign.page_sample(source, 0, pages, places, condition, age, moment);
        slack := 0.1 * sample.waiting + 3 * sqrt(sample.variance);
        waiting := CASE WHEN live BETWEEN sample.waiting - slack AND sample.waiting + slack + 64 * pages / places
                        THEN live ELSE sample.waiting END;
        oldest := sample.oldest;
        EXIT WHEN waiting = live OR sqrt(sample.variance) <= 0.06 * sample.waiting;
    END LOOP;
END
$$;

-- Waiting rows among many others of a table or its partitions. Those after the first row that was made at `since` are
-- looked at closely and those before from afar; ten times as many when they differ much. However short a burst was,
-- it is seen: what is sampled is pages and not time.
CREATE FUNCTION countersign.estimated_spread(
    source regclass, condition text, key text, age text, since timestamptz, moment timestamptz,
    OUT waiting bigint, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $$
DECLARE
    first_day name := (SELECT c.relname FROM pg_class c WHERE c.oid = source)
                      || to_char(since AT TIME ZONE 'UTC', '_YYYYMMDD');
    part record;
    mark bigint;
    near record;
    far record;
    total double precision;
    variance double precision;
BEGIN
    FOR places IN 48 .. 480 BY 432 LOOP
        total := 0;
        variance := 0;
        FOR part IN SELECT c.oid::regclass AS name,
                           pg_relation_size(c.oid) / current_setting('block_size')::integer AS pages
                    FROM (SELECT source::oid UNION ALL
                          SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = source) AS t (oid)
                    JOIN pg_class c ON c.oid = t.oid AND c.relkind = 'r'
                    WHERE c.oid = source OR c.relname >= first_day LOOP
            CONTINUE WHEN part.pages = 0;
            EXECUTE format('SELECT (ctid::text::point)[0] FROM %s WHERE %I >= $1 ORDER BY %2$I LIMIT 1',
                           part.name, key) INTO mark USING countersign.uuid_floor(since);
            mark := coalesce(mark, part.pages);
            near := countersign.page_sample(part.name, mark, part.pages, places, condition, age, moment);
            far := countersign.page_sample(part.name, 0, mark, places / 3, condition, age, moment);
            total := total + near.waiting + far.waiting;
            variance := variance + near.variance + far.variance;
            oldest := least(oldest, near.oldest, far.oldest);
        END LOOP;
        EXIT WHEN sqrt(variance) <= 0.06 * total;
    END LOOP;
    waiting := total;
END
$$;

-- `since` is when the oldest row began to wait, as far as that is known.
CREATE FUNCTION countersign.estimated_figure(
    stage text, since timestamptz, moment timestamptz, OUT waiting bigint, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    r record := countersign.stage_source(stage);
BEGIN
    IF stage IN ('issue', 'validate', 'dispatch') THEN
        SELECT e.* INTO waiting, oldest FROM countersign.estimated_queue(
            r.source, r.condition, r.age, moment) AS e;
    ELSE
        -- A request is open for ten minutes at most.
        SELECT e.* INTO waiting, oldest FROM countersign.estimated_spread(
            r.source, r.condition, r.key, r.age,
            coalesce(since, moment - interval '1 hour') - interval '11 min', moment) AS e;
    END IF;
END
$$;

---------------------------------------------------------------------------------------------------------
-- Counts
---------------------------------------------------------------------------------------------------------

-- Whether all that a stage's count can pass, alive or gone, is little: by the size of the queue, or of the index with
-- what waits in a table that holds much else. Sizes are true at every moment; what PostgreSQL counts as dead is not.
CREATE FUNCTION countersign.is_quick(stage text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    page constant integer := current_setting('block_size');
BEGIN
    IF stage IN ('issue', 'validate', 'dispatch') THEN  -- rows of dispatch are longer, so fewer are on a page
        RETURN pg_relation_size('countersign.' || stage || '_queue')
               <= page * CASE stage WHEN 'dispatch' THEN 480 ELSE 160 END;
    ELSIF stage = 'enroll' THEN
        RETURN pg_relation_size('countersign.enrollments_pending') <= 64 * page;
    ELSIF stage = 'expire' THEN
        RETURN (SELECT max(pg_relation_size(i.inhrelid)) <= 64 * page FROM pg_inherits i
                WHERE i.inhparent = 'countersign.auth_requests_open_until'::regclass);
    END IF;
    RETURN true;
END
$$;

-- Waiting rows of a queue, counted to just over 10,000: page after page, and never by way of an index.
CREATE FUNCTION countersign.counted_queue(stage text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET enable_indexscan = off SET enable_indexonlyscan = off SET enable_bitmapscan = off SET jit = off AS $$
BEGIN
    IF stage = 'issue' THEN
        RETURN (SELECT count(*) FROM (SELECT FROM countersign.issue_queue LIMIT 10001) x);
    ELSIF stage = 'validate' THEN
        RETURN (SELECT count(*) FROM (SELECT FROM countersign.validate_queue LIMIT 10001) x);
    END IF;
    RETURN (SELECT count(*) FROM (SELECT FROM countersign.dispatch_queue WHERE NOT leased LIMIT 10001) x);
END
$$;

-- The same of tables that hold much else, by the index with what waits, to just over `most`.
CREATE FUNCTION countersign.counted_spread(stage text, moment timestamptz, most integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off AS $$
BEGIN
    IF stage = 'expire' THEN
        RETURN (SELECT count(*) FROM (SELECT FROM countersign.auth_requests
                                      WHERE open_until <= moment LIMIT most + 1) x);
    END IF;
    RETURN (SELECT count(*) FROM (SELECT FROM countersign.enrollments WHERE status = 'pending' LIMIT most + 1) x);
END
$$;

---------------------------------------------------------------------------------------------------------
-- Figures: exact up to 10,000 rows, beyond that an estimate.
---------------------------------------------------------------------------------------------------------

-- Counted, and the oldest row looked for, however many rows that are gone have to be passed. Where an index has to be
-- followed a sample saves the way to 10,000 when there are clearly more.
CREATE FUNCTION countersign.walked_figure(
    stage text, moment timestamptz, OUT waiting bigint, OUT estimated boolean, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_queue boolean := stage IN ('issue', 'validate', 'dispatch');
    first integer := CASE WHEN is_queue THEN 10000 ELSE 1000 END;
    guess bigint;
BEGIN
    estimated := false;
    IF stage = 'housekeep' THEN
        waiting := (SELECT count(*) FROM countersign.missing_partitions());
        RETURN;
    END IF;
    waiting := CASE WHEN is_queue THEN countersign.counted_queue(stage)
                    ELSE countersign.counted_spread(stage, moment, first) END;
    IF waiting > 0 THEN
        oldest := countersign.stage_oldest(stage, moment);
    END IF;
    IF waiting > first THEN
        guess := (SELECT e.waiting FROM countersign.estimated_figure(stage, oldest, moment) e);
        IF NOT is_queue AND guess <= 20000 THEN
            waiting := countersign.counted_spread(stage, moment, 10000);
        END IF;
        estimated := waiting > 10000 OR guess > 20000;
        waiting := CASE WHEN estimated THEN greatest(waiting, guess) ELSE waiting END;
    END IF;
END
$$;

CREATE FUNCTION countersign.measure_queues() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    INSERT INTO countersign.queue_figures (stage, measured_at, waiting, estimated, oldest)
        SELECT s.stage, moment, f.waiting, f.estimated, f.oldest
        FROM unnest(ARRAY['enroll', 'issue', 'validate', 'expire', 'dispatch']) AS s (stage)
        CROSS JOIN LATERAL countersign.walked_figure(s.stage, moment) AS f
        ON CONFLICT (stage) DO UPDATE SET measured_at = excluded.measured_at, waiting = excluded.waiting,
            estimated = excluded.estimated, oldest = excluded.oldest;
END
$$;

-- For somebody who waits for the answer: walked where the way is short, else what the worker that keeps house found
-- a moment ago, or without one a sample. A long queue is worked off faster than that, and sampled at once.
CREATE FUNCTION countersign.stage_figure(
    stage text, moment timestamptz, OUT waiting bigint, OUT estimated boolean, OUT oldest timestamptz)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_queue boolean := stage IN ('issue', 'validate', 'dispatch');
    known countersign.queue_figures;
BEGIN
    SELECT f.* INTO known FROM countersign.queue_figures f
        WHERE f.stage = stage_figure.stage AND f.measured_at > moment - interval '5 s';
    IF (is_queue OR known.stage IS NULL) AND countersign.is_quick(stage) THEN
        SELECT f.* INTO waiting, estimated, oldest FROM countersign.walked_figure(stage, moment) f;
        RETURN;
    END IF;
    waiting := known.waiting;
    estimated := known.estimated;
    oldest := known.oldest;
    -- Few rows a moment ago, and many by PostgreSQL's own count: a burst, or sessions that have not reported yet.
    IF waiting IS NULL OR is_queue AND (known.estimated OR pg_stat_get_live_tuples(
            ('countersign.' || stage || '_queue')::regclass) > 20000) THEN
        SELECT e.* INTO waiting, oldest FROM countersign.estimated_figure(stage, NULL, moment) e;
        estimated := true;
        oldest := coalesce(known.oldest, oldest);
        IF NOT known.estimated AND waiting <= 20000 THEN
            waiting := known.waiting;
            estimated := false;
            oldest := known.oldest;
        END IF;
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION countersign.queue_status()
RETURNS TABLE (stage text, waiting bigint, estimated boolean, oldest timestamptz, in_flight bigint,
               done_last_minute bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    RETURN QUERY
    WITH live AS (
        SELECT w.stage, sum(w.in_flight) AS in_flight, sum(w.done_last_minute) AS done
        FROM countersign.worker_stages w JOIN countersign.workers p USING (worker_id)
        WHERE p.heartbeat_at > moment - interval '15 s' GROUP BY w.stage
    )
    SELECT c.stage, f.waiting, f.estimated, f.oldest, coalesce(l.in_flight, 0)::bigint, coalesce(l.done, 0)::bigint
    FROM countersign.stage_controls c
    CROSS JOIN LATERAL countersign.stage_figure(c.stage, moment) f
    LEFT JOIN live l ON l.stage = c.stage
    ORDER BY countersign.stage_number(c.stage);
END
$$;

---------------------------------------------------------------------------------------------------------
-- Grants
---------------------------------------------------------------------------------------------------------
REVOKE ALL ON countersign.queue_figures FROM PUBLIC;
GRANT EXECUTE ON FUNCTION countersign.measure_queues() TO countersign_worker;

-- Workers write down that they live and drain; telling another one to drain is for administrators.
REVOKE UPDATE ON countersign.workers FROM countersign_worker;
GRANT UPDATE (heartbeat_at, draining) ON countersign.workers TO countersign_worker;

"""#
    ),
]
