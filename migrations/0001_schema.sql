-- The schema of Countersign: types, tables, indexes, and the days that tables are parted into. Functions, views,
-- triggers, policies, comments and grants stand in current/, where they are edited; a table changes by a further file.
-- minimum-binary: 1
-- after: identifiers, installation
--
-- Locks nothing: all is new.
--
-- What each table is
--   settings, portals, apps, auth_types, auth_type_messages, callback_urls, browser_origins, portal_credentials
--                         what operators configure
--   server_keys, enrollments
--                         the server's OpenPGP key pairs; a user's app on one device, allowed to answer
--   home_heartbeat        when the cell lived whose enrollments are known in the others
--   kept_locks            wrong codes and locks of devices that are copied from there anew
--   auth_requests         one attempt to sign a visitor in: the row's status is the truth
--   otp_secrets           codes that were issued and not collected yet, the only place where one stands in the clear
--   link_key              the key of the codes that apps give to browsers
--   known_browsers, browser_key
--                         browsers with which users have signed in, and the key of the digests that they are known by
--   browser_tokens        with what a visitor's page asks for its own request, as digests
--   submissions           what apps sent: scan, accept or deny, with the verdict
--   webhook_deliveries, webhook_attempts
--                         the call that tells the portal of the end, and each try at it
--   webhook_endpoints, webhook_endpoint_counts, dead_deliveries
--                         breakers of failing receivers, what workers saw of them, deliveries that were given up
--   issue_queue, validate_queue, dispatch_queue
--                         what waits for a worker
--   events, event_digests, event_closing
--                         the audit trail, the digest of each stretch of it, and how far it is digested
--   event_archives        stretches of it that were exported to files and dropped
--   erased_events, erasure_key
--                         events whose user was erased since, and the key of what stands in the names' place
--   epoch, epochs         how a restore is noticed, and what came of each
--   workers, worker_stages, stage_controls, log_levels
--                         who works, and what operators tell them
--   queue_figures, queue_history, sign_in_history, limit_history
--                         what waits, measured once a second; the past by minutes and hours
--   notification_queue    whether the server's notification queue has room for ours
--   operators, operator_sessions
--                         accounts of the console
--   partitioned_tables    which tables are parted into days or weeks, and for how many days they are kept
--
-- How a request flows through them
--   1. A portal inserts into auth_requests: status requested, a row in issue_queue, the bell rings if workers sleep.
--   2. `issue` takes it out of issue_queue: status issued, its digest in the row, the secret in otp_secrets.
--   3. The portal collects the code, which deletes it from otp_secrets, and shows it.
--   4. The app that scanned it inserts into submissions (scan, later accept or deny): a row in validate_queue.
--   5. `validate` takes that out and judges it: status scanned, then authenticated or denied.
--   6. Whoever ends a request, `expire`, `validate` or the portal itself, does it by end_requests(), which in the same
--      transaction writes webhook_deliveries, dispatch_queue and events.
--   7. `dispatch` leases the row of dispatch_queue, calls the portal, notes what came of it, and takes it out.
--   8. The portal reads auth_results. After 30 days `housekeep` drops the day, after 400 the week of the events.
--
-- Four ideas carry the rest
--   * A request is one row of auth_requests. It is partitioned by day, so that retention drops tables and never
--     deletes rows. Nothing refers to such tables by foreign key, which would block the drop and lock hot rows.
--   * What waits for a worker stands in a small unpartitioned queue table beside it. Claims touch only those: their
--     size is that of the backlog, they are vacuumed in milliseconds, and auth_requests gets heap-only updates because
--     no index holds its status.
--   * Nobody waits for a portal or an app. Whoever changes a request that still stands in issue_queue holds its queue
--     row first, and workers take queue rows and requests with SKIP LOCKED only.
--   * What identifies something has COLLATE "C": it is put in order by its bytes whatever the database's locale is, and
--     an operating system's new locale does not spoil the indexes. lower() takes it, too: in Turkish "I" becomes
--     another letter.

-- Nothing for PUBLIC on what is created later; on what there is, see grants.sql.
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC;

---------------------------------------------------------------------------------------------------------
-- Configuration
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.settings (
    only_row                       boolean PRIMARY KEY DEFAULT true CONSTRAINT settings_only_row CHECK (only_row),
    mobile_authentication_enabled  boolean NOT NULL DEFAULT true,
    enrollment_enabled             boolean NOT NULL DEFAULT true,
    unique_pgp_keys_per_enrollment boolean NOT NULL DEFAULT true,
    signature_required             boolean NOT NULL DEFAULT true,
    callback_allowlist_enabled     boolean NOT NULL DEFAULT true,
    -- After a restore: whether work goes on by itself, or waits for `countersign restored`.
    resume_after_restore           boolean NOT NULL DEFAULT true,
    -- Whether what an erased user has signed stays, under another name.
    evidence_kept_after_erasure    boolean NOT NULL DEFAULT true,
    updated_at                     timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO countersign.settings DEFAULT VALUES;

CREATE TABLE countersign.portals (
    portal_id              integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    max_open_requests      integer NOT NULL DEFAULT 100000
                           CONSTRAINT portals_max_open_requests CHECK (max_open_requests BETWEEN 1 AND 100000000),
    created_at             timestamptz NOT NULL DEFAULT clock_timestamp(),
    enabled                boolean NOT NULL DEFAULT true,
    over_limit             boolean NOT NULL DEFAULT false,  -- set by housekeep, read by inserts
    max_starts_per_source  integer  -- a minute, see sources.sql; NULL is no limit
                           CONSTRAINT portals_max_starts_per_source CHECK (max_starts_per_source BETWEEN 1 AND 1000000),
    login                  name NOT NULL CONSTRAINT portals_login_once UNIQUE,  -- found by session_user at each call
    name                   text COLLATE "C" NOT NULL CONSTRAINT portals_name_once UNIQUE
                           CONSTRAINT portals_name_form CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    display_name           text NOT NULL CONSTRAINT portals_display_name_length
                           CHECK (char_length(display_name) BETWEEN 1 AND 100)
                           -- The first line of every prompt. `portal add` and `doctor` look closer, see ShownName.
                           CONSTRAINT portals_display_name_line
                           CHECK (display_name !~ E'[\\x01-\\x1f\\x7f-\\x9f\\u2028\\u2029]'),
    channel                text NOT NULL DEFAULT countersign.random_channel(),
    signing_secret         bytea NOT NULL,  -- sealed, see Sealing
    previous_secret        bytea,           -- sealed; signs too until previous_secret_until
    previous_secret_until  timestamptz,
    webhook_key            bytea,           -- sealed ed25519 private key; signs `v1a` where there is one
    webhook_concurrency    integer NOT NULL DEFAULT 8
                           CONSTRAINT portals_webhook_concurrency CHECK (webhook_concurrency BETWEEN 1 AND 100),
    webhook_rate           integer          -- deliveries a second; NULL is no limit
                           CONSTRAINT portals_webhook_rate CHECK (webhook_rate BETWEEN 1 AND 100000),
    -- A paused portal's requests are accepted and wait; a disabled portal's are refused. They still expire.
    paused                 boolean NOT NULL DEFAULT false,
    -- Written by a trigger, see audit.sql: grants leave them out of what anybody may update.
    paused_at              timestamptz,
    paused_by              text,
    notify_on              text[] NOT NULL  -- the ends whose webhooks are sent
                           DEFAULT '{authenticated,denied,expired,cancelled,failed}'
                           CONSTRAINT portals_notify_on CHECK (
                               notify_on <@ '{authenticated,denied,expired,cancelled,failed}'::text[]),
    CONSTRAINT portals_previous_secret CHECK ((previous_secret IS NULL) = (previous_secret_until IS NULL))
);

CREATE TABLE countersign.apps (
    app_id      integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    enabled     boolean NOT NULL DEFAULT true,
    login       name NOT NULL CONSTRAINT apps_login_once UNIQUE,
    name        text COLLATE "C" NOT NULL CONSTRAINT apps_name_once UNIQUE
                CONSTRAINT apps_name_form CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    channel     text NOT NULL DEFAULT countersign.random_channel(),
    -- Of one token a thousand devices were enrolled. Enrolling a device again does not count.
    max_devices_per_user  integer NOT NULL DEFAULT 10
                          CONSTRAINT apps_max_devices_per_user CHECK (max_devices_per_user BETWEEN 1 AND 1000),
    -- Of one device of a user. Each costs an OpenPGP certificate to be read and a key pair to be made.
    max_enrollments_per_hour  integer NOT NULL DEFAULT 60
                          CONSTRAINT apps_max_enrollments_per_hour CHECK (max_enrollments_per_hour BETWEEN 1 AND 100000),
    -- Seconds until a user's further device may answer that no older one has confirmed; NULL is none.
    enrollment_hold         integer
                            CONSTRAINT apps_enrollment_hold CHECK (enrollment_hold BETWEEN 60 AND 2592000),
    -- Submissions that wait to be judged: 30,000 of one device had another app's sign-in take 1.6 s.
    max_waiting             integer NOT NULL DEFAULT 10000
                            CONSTRAINT apps_max_waiting CHECK (max_waiting BETWEEN 1 AND 100000000),
    max_waiting_per_device  integer NOT NULL DEFAULT 100
                            CONSTRAINT apps_max_waiting_per_device CHECK (max_waiting_per_device BETWEEN 1 AND 100000000),
    -- Submissions that were malformed, of one user within ten minutes: see submissions.sql.
    max_malformed_per_user  integer NOT NULL DEFAULT 100
                            CONSTRAINT apps_max_malformed_per_user CHECK (max_malformed_per_user BETWEEN 1 AND 100000),
    over_limit              boolean NOT NULL DEFAULT false  -- set by housekeep, read by inserts
);

CREATE TABLE countersign.auth_types (
    name                text COLLATE "C" PRIMARY KEY
                        CONSTRAINT auth_types_name_form CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    method              text NOT NULL DEFAULT 'otp' CONSTRAINT auth_types_method CHECK (method = 'otp'),
    request_expires_in  integer NOT NULL DEFAULT 180  -- seconds; NIST SP 800-63B-4 section 3.1.3.2 allows 600
                        CONSTRAINT auth_types_request_expires_in CHECK (request_expires_in BETWEEN 30 AND 600),
    confirm_code        text NOT NULL DEFAULT 'never'
                        CONSTRAINT auth_types_confirm_code CHECK (confirm_code IN ('never', 'new_browser', 'always')),
    code_rotation       integer   -- seconds that a code is shown; NULL where it stays the same
                        CONSTRAINT auth_types_code_rotation CHECK (code_rotation BETWEEN 1 AND 60),
    redeem_once         boolean NOT NULL DEFAULT false,  -- results are taken once instead of read for 300 s
    scan_required       boolean NOT NULL DEFAULT false,  -- nobody accepts who has not scanned
    same_network        text NOT NULL DEFAULT 'off'
                        CONSTRAINT auth_types_same_network CHECK (same_network IN ('off', 'tell', 'refuse')),
    same_country        text NOT NULL DEFAULT 'off'
                        CONSTRAINT auth_types_same_country CHECK (same_country IN ('off', 'tell', 'refuse')),
    allow_qr            boolean NOT NULL DEFAULT true,   -- codes may be scanned
    allow_link          boolean NOT NULL DEFAULT false,  -- the app may be opened by a link, see links.sql
    CONSTRAINT auth_types_channels CHECK (allow_qr OR allow_link)
);

CREATE TABLE countersign.auth_type_messages (
    auth_type      text COLLATE "C" NOT NULL REFERENCES countersign.auth_types ON UPDATE CASCADE ON DELETE CASCADE,
    language_code  text COLLATE "C" NOT NULL
                   CONSTRAINT auth_type_messages_language CHECK (language_code ~ '^[a-z]{2,3}(-[a-z0-9]{2,8})*$'),
    message        text NOT NULL
                   CONSTRAINT auth_type_messages_length CHECK (char_length(message) BETWEEN 1 AND 155)
                   -- Something that is seen: what visible_character() returns, which a test compares.
                   CONSTRAINT auth_type_messages_visible CHECK (message ~ E'[^\\x01-\\x20\\x7f-\\xa0\\u1680\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u3000\\ufe00-\\ufe0f\\ufeff]'),
    -- In the place of the prompt's lines on the visitor, see VisitorLine; NULL is those.
    visitor_line   text
                   CONSTRAINT auth_type_messages_visitor_length CHECK (char_length(visitor_line) BETWEEN 1 AND 155)
                   CONSTRAINT auth_type_messages_visitor_line CHECK (
                       visitor_line ~ '\[(operatingSystem|browser|countryCode|region|city)\]'
                       AND regexp_replace(visitor_line, '\[(operatingSystem|browser|countryCode|region|city)\]', '', 'g')
                           ~ '^[^][()]*(\([^][()]*\)[^][()]*)*$'),
    PRIMARY KEY (auth_type, language_code)
);

CREATE TABLE countersign.callback_urls (
    callback_id  integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    portal_id    integer NOT NULL REFERENCES countersign.portals ON DELETE CASCADE,
    url          text COLLATE "C" NOT NULL
                 CONSTRAINT callback_urls_form CHECK (octet_length(url) <= 2048),
    username     text CONSTRAINT callback_urls_username CHECK (username !~ ':'),  -- RFC 7617 section 2
    password     bytea,  -- sealed
    CONSTRAINT callback_urls_basic CHECK ((username IS NULL) = (password IS NULL)),
    CONSTRAINT callback_urls_once UNIQUE (portal_id, url)  -- the allow-list look-up of each insert
);

-- Where a portal's pages are, from which browsers may ask for the state of its sign-ins: as the header Origin has it
-- (RFC 6454 section 6.2), which says no port where it is the scheme's own.
CREATE TABLE countersign.browser_origins (
    portal_id  integer NOT NULL REFERENCES countersign.portals ON DELETE CASCADE,
    origin     text COLLATE "C" NOT NULL
               CONSTRAINT browser_origins_form CHECK (octet_length(origin) <= 270
                   AND origin ~ '^https?://([a-z0-9_-]+([.][a-z0-9_-]+)*|[[][0-9a-f:.]+])(:[1-9][0-9]{0,4})?$'
                   AND origin !~ '^(http://.*:80|https://.*:443)$'),
    PRIMARY KEY (portal_id, origin)
);

-- Client ids and secrets of portals, for HTTP Basic or form authentication. Several may stand side by side
-- while a portal changes from one to the next.
CREATE TABLE countersign.portal_credentials (
    portal_id    integer NOT NULL REFERENCES countersign.portals ON DELETE CASCADE,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    client_id    text COLLATE "C" PRIMARY KEY
                 CONSTRAINT portal_credentials_form CHECK (client_id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    secret_hash  text NOT NULL  -- SHA-256, see SecretDigest: the secret itself is nowhere
);

---------------------------------------------------------------------------------------------------------
-- Enrollments
---------------------------------------------------------------------------------------------------------
-- The server's key pairs: one for each enrollment, or a shared one.
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

CREATE TABLE countersign.enrollments (
    enrollment_id    uuid PRIMARY KEY DEFAULT countersign.uuid_v7(),
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    activated_at     timestamptz,
    revoked_at       timestamptz,
    locked_until     timestamptz,
    held_until       timestamptz,  -- of a further device that no older one has confirmed; see enrollments.sql
    app_id           integer NOT NULL REFERENCES countersign.apps,
    attempts         smallint NOT NULL DEFAULT 0,
    leases           smallint NOT NULL DEFAULT 0,  -- taken by a worker, who has not come to its end
    slot             smallint,                     -- of an active one: which of its user's places it has
    leased_until     timestamptz,
    leased_by        integer,                      -- the backend of that worker's session
    status           text NOT NULL DEFAULT 'pending'
                     CONSTRAINT enrollments_status CHECK (status IN ('pending', 'active', 'rejected', 'revoked')),
    reason           text,
    user_id          text COLLATE "C" NOT NULL,
    device_id        text COLLATE "C" NOT NULL,
    device_name      text,
    platform         text,
    public_key       text,  -- not of a refused one, which may hold a secret key
    wrong_codes      timestamptz[] NOT NULL DEFAULT '{}',  -- when the last ten came; new codes do not reset it
    server_key_id    uuid REFERENCES countersign.server_keys,
    key_fingerprint  text  -- of the device's key, once the enroll stage has found it good
);
-- One active enrollment per user and device; enrolling again replaces it.
CREATE UNIQUE INDEX enrollments_active ON countersign.enrollments (app_id, user_id, device_id)
    WHERE status = 'active';
-- No two active ones of a user have the same of its places, so that workers who activate devices at the same moment do
-- not pass the limit together. One that was not activated by a worker has none.
CREATE UNIQUE INDEX enrollments_slot ON countersign.enrollments (app_id, user_id, slot) WHERE status = 'active';
-- The enroll stage's queue. Enrolling is rare, so the queue is a partial index and no table of its own.
CREATE INDEX enrollments_pending ON countersign.enrollments (app_id, enrollment_id) WHERE status = 'pending';
CREATE INDEX enrollments_broken ON countersign.enrollments (enrollment_id) WHERE status = 'pending' AND attempts > 0;
-- Counts a user's devices.
CREATE INDEX enrollments_devices ON countersign.enrollments (app_id, user_id, device_id)
    WHERE status IN ('pending', 'active');
-- Finds all of a user's enrollments, whatever became of them.
CREATE INDEX enrollments_user ON countersign.enrollments (app_id, user_id, enrollment_id);
-- Finds whose device it is.
CREATE INDEX enrollments_device ON countersign.enrollments (device_id, enrollment_id);
ALTER TABLE countersign.enrollments ENABLE ROW LEVEL SECURITY;

-- In the home its own row, written once a second where other cells follow it; in those the same row, replicated.
CREATE TABLE countersign.home_heartbeat (
    cell     integer PRIMARY KEY CONSTRAINT home_heartbeat_cell CHECK (cell BETWEEN 0 AND 1023),
    beat_at  timestamptz NOT NULL
);

-- Filled where a cell begins to copy everything anew, and emptied once all is copied, by whichever `cell follow` sees that.
CREATE TABLE countersign.kept_locks (
    enrollment_id  uuid PRIMARY KEY,
    locked_until   timestamptz,
    wrong_codes    timestamptz[] NOT NULL
);

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
    confirmed_at        timestamptz,  -- when the portal gave the confirmation number
    resolved_at         timestamptz,
    enrollment_id       uuid,         -- who scanned, then who answered
    answer_id           uuid,         -- the submission that has accepted it and waits for the confirmation number
    open_scan_by        uuid,         -- enrollment_id while scanned and open
    link_answer_id      uuid,         -- the submission that has accepted it by link: what is redeemed with its code
    portal_id           integer NOT NULL,
    app_id              integer,
    redeemed_in         xid8,         -- the transaction that has taken the result
    confirm_tries       smallint,     -- wrong ones
    code_rotation       smallint,     -- seconds of each step, as the type said; NULL where the code stays the same
    code_step           smallint,     -- whose digest secret_digest is, once a later code than the first was scanned
    signature_verified  boolean,
    redeem_once         boolean,      -- as the type said
    scan_required       boolean,      -- as the type said
    refuse_qr           boolean,      -- as the type said, or because who scanned came by a link
    allow_link          boolean,      -- as the type said
    confirm_if_new      boolean,      -- whether confirm_number goes when who scans knows the browser
    browser_known       boolean,      -- whether who scanned has signed in with that browser; NULL without a browser_id
    status              countersign.request_status NOT NULL,
    auth_type           text COLLATE "C" NOT NULL,
    method              text NOT NULL,
    callback_uri        text,         -- NULL: no webhook is sent
    return_uri          text,         -- where the app sends the visitor's browser, see links.sql
    message             text NOT NULL,
    secure_message      text,
    language_code       text,
    ip_address          text,
    user_agent          text,
    reference           text COLLATE "C",
    browser_id          text COLLATE "C",  -- a keyed digest of what the portal gave, see browsers.sql
    same_network        text,              -- tell or refuse, as the type said
    same_country        text,              -- tell or refuse, as the type said
    network_match       text,              -- same, other or unknown: the visitor's network and the device's
    country_match       text,              -- the same of their countries, as the worker's file of places has them
    source              text COLLATE "C",  -- portal and network; NULL where starts are not limited by it, see sources.sql
    deny_reason         text,              -- not_me, when who declined has said so
    secret_digest       bytea,
    user_id             text COLLATE "C",
    device_id           text COLLATE "C",
    confirm_number      text,         -- two digits that stand in the prompt; NULL where none is asked for
    prompt              text,         -- what the app showed, byte for byte; after a signed answer its event has it
    signature           bytea,        -- the digest that the scan has signed; then the answer's, see armored_signature()
    signer_fingerprint  text,
    traceparent         text,         -- W3C Trace Context 1.0 section 3.2; the webhook carries it on
    PRIMARY KEY (transaction_id),
    CONSTRAINT auth_requests_open CHECK ((open_until IS NULL) = (resolved_at IS NOT NULL))
) PARTITION BY RANGE (transaction_id);
-- The expire stage's queue, in order of due time. open_until changes only when a request ends: issuing and
-- scanning stay heap-only updates, which an index with status in its predicate would forbid.
CREATE INDEX auth_requests_open_until ON countersign.auth_requests (open_until) WHERE open_until IS NOT NULL;
-- Finds the open scans of an enrollment (at most 4). Scans are the one step that pays for it.
CREATE INDEX auth_requests_open_scan ON countersign.auth_requests (open_scan_by) WHERE open_scan_by IS NOT NULL;
-- Operators find a request by its portal's own handle. Portals that give none pay nothing, and no update touches it.
CREATE INDEX auth_requests_reference ON countersign.auth_requests (reference, transaction_id) WHERE reference IS NOT NULL;
-- Counts the starts of a source, and finds where somebody says that it was not him. Requests without one pay nothing.
CREATE INDEX auth_requests_source ON countersign.auth_requests (source, transaction_id) WHERE source IS NOT NULL;
CREATE INDEX auth_requests_not_me ON countersign.auth_requests (source, transaction_id)
    WHERE source IS NOT NULL AND deny_reason = 'not_me';
ALTER TABLE countersign.auth_requests ENABLE ROW LEVEL SECURITY;

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

-- Browsers with which users have signed in. A browser may have more than one row, of which the last one counts: so nobody
-- who ends a request waits for another, see browsers.sql.
CREATE TABLE countersign.known_browsers (
    used_at     timestamptz NOT NULL,
    portal_id   integer NOT NULL,
    app_id      integer NOT NULL,
    user_id     text COLLATE "C" NOT NULL,
    browser_id  text COLLATE "C" NOT NULL
);
CREATE INDEX known_browsers_user ON countersign.known_browsers (app_id, user_id, portal_id, browser_id, used_at);
CREATE INDEX known_browsers_age ON countersign.known_browsers (used_at);
ALTER TABLE countersign.known_browsers ALTER COLUMN user_id SET STATISTICS 0;
ALTER TABLE countersign.known_browsers ALTER COLUMN browser_id SET STATISTICS 0;
-- When it is replaced, every browser is new.
CREATE TABLE countersign.browser_key (
    only_row  boolean PRIMARY KEY DEFAULT true CONSTRAINT browser_key_only_row CHECK (only_row),
    key       bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
                                            || uuid_send(gen_random_uuid()))
);
ALTER TABLE countersign.browser_key ALTER COLUMN key SET STATISTICS 0;
INSERT INTO countersign.browser_key DEFAULT VALUES;

-- The key of the codes with which results are redeemed after a link, see links.sql.
CREATE TABLE countersign.link_key (
    only_row  boolean PRIMARY KEY DEFAULT true CONSTRAINT link_key_only_row CHECK (only_row),
    key       bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
                                            || uuid_send(gen_random_uuid()))
);
ALTER TABLE countersign.link_key ALTER COLUMN key SET STATISTICS 0;
INSERT INTO countersign.link_key DEFAULT VALUES;

-- What lets a visitor's page see how its own request stands: of the token its digest, and of the code what gives it
-- together with the token, and nothing without. A row lives 300 s longer than its request may.
CREATE TABLE countersign.browser_tokens (
    transaction_id  uuid PRIMARY KEY,
    expires_at      timestamptz NOT NULL,
    portal_id       integer NOT NULL,
    digest          bytea NOT NULL CONSTRAINT browser_tokens_digest CHECK (octet_length(digest) = 32),
    code            bytea CONSTRAINT browser_tokens_code CHECK (octet_length(code) = 32)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX browser_tokens_expiry ON countersign.browser_tokens (expires_at);

---------------------------------------------------------------------------------------------------------
-- Submissions
---------------------------------------------------------------------------------------------------------
-- Each inserting statement reads the text of a table's CHECKs anew, and a list of words byte by byte. What a domain allows is
-- read once a session: so the words stand in two, and the table has one CHECK that asks them. As four of its own they took
-- 220,000 instructions of the 1,184,000 of an app's insert, and 50,000 so. The columns themselves are text, which functions
-- return as it is.
CREATE DOMAIN countersign.submission_status AS text CONSTRAINT submission_status_known CHECK (VALUE IN
    ('pending', 'accepted', 'rejected'));
CREATE DOMAIN countersign.submission_reason AS text CONSTRAINT submission_reason_known CHECK (VALUE IN
    ('malformed', 'unknown_code', 'expired', 'already_used', 'other_device', 'not_enrolled', 'enrollment_revoked',
     'enrollment_held', 'enrollment_disabled', 'invalid_signature', 'stale_signature', 'wrong_prompt', 'other_network',
     'other_country', 'wrong_channel', 'locked_out', 'too_many_waiting', 'too_many_malformed'));
CREATE TABLE countersign.submissions (
    submission_id   uuid NOT NULL DEFAULT countersign.uuid_v7(),
    submitted_at    timestamptz NOT NULL,
    resolved_at     timestamptz,
    signed_time     timestamptz,  -- signed_at as the trigger read it
    app_id          integer NOT NULL,
    status          text NOT NULL,
    detail          text,  -- what differs, in words, beside the reason
    reason          text,
    -- What the app sent. Once it is accepted, all but action and channel stand elsewhere, and here no more.
    enrollment_id   text,
    otp             text,  -- never stored
    action          text,
    signed_at       text,
    prompt_digest   text,
    signature       text,
    deny_reason     text,
    channel         text,  -- link when the app was opened by one
    ip_address      text,  -- the device's, as its app's back end sees it; forgotten once it is judged
    user_agent      text,
    -- what the trigger made of it
    transaction_id  uuid,
    secret_digest   bytea,
    enrollment      uuid,
    -- Of an accepted scan, and of an answer that awaits its confirmation number: see armored_signature(). That of the
    -- answer that has ended a request stands in the request and its event.
    kept_signature  bytea,
    PRIMARY KEY (submission_id),
    CONSTRAINT submissions_verdict CHECK (
        otp IS NULL AND (status::countersign.submission_status = 'rejected')
                        = (reason::countersign.submission_reason IS NOT NULL))
) PARTITION BY RANGE (submission_id);
-- Counts what of a device was malformed. Almost empty, and no update of what is accepted touches it.
CREATE INDEX submissions_malformed ON countersign.submissions (enrollment, submission_id) WHERE reason = 'malformed';
-- What apps have sent for one request, of which hundreds of thousands may be sent between its start and its end. It grows at its
-- end, so an insert pays 2 us of 34 for it, and no update of what is accepted touches it.
CREATE INDEX submissions_transaction ON countersign.submissions (transaction_id) WHERE transaction_id IS NOT NULL;
ALTER TABLE countersign.submissions ENABLE ROW LEVEL SECURITY;

-- Workers verify signatures while no transaction is open: meanwhile a row is leased. The room on its pages keeps leases
-- out of the index.
CREATE TABLE countersign.validate_queue (
    leased_until    timestamptz,
    app_id          integer NOT NULL,
    leased_by       integer,                      -- the backend of that worker's session
    attempts        smallint NOT NULL DEFAULT 0,
    leases          smallint NOT NULL DEFAULT 0,  -- taken by a worker, who has not come to its end
    submission_id   uuid NOT NULL,
    enrollment_id   uuid,  -- as it was sent
    PRIMARY KEY (app_id, submission_id)  -- claims go from app to app, oldest first in each
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000, autovacuum_vacuum_cost_delay = 0);
-- Counts what waits of a device. Any app may name it.
CREATE INDEX validate_queue_device ON countersign.validate_queue (enrollment_id, app_id);
CREATE INDEX validate_queue_broken ON countersign.validate_queue (submission_id) WHERE attempts > 0;

---------------------------------------------------------------------------------------------------------
-- Webhook deliveries: one per request, keyed by its transaction_id, which is also the webhook-id, but for `epoch`.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.webhook_deliveries (
    transaction_id  uuid NOT NULL,
    created_at      timestamptz NOT NULL,
    finished_at     timestamptz,
    portal_id       integer NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    status          text NOT NULL DEFAULT 'pending'
                    CONSTRAINT webhook_deliveries_status CHECK (status IN ('pending', 'delivered', 'dead')),
    -- A first attempt that succeeded without a body to keep has no row of its own in webhook_attempts: it stands here,
    -- and in the view webhook_tries with all others. Most deliveries are such.
    first_at        timestamptz,
    first_ms        integer,
    first_code      integer,
    request_status  text NOT NULL,
    callback_uri    text NOT NULL,
    epoch           integer,  -- of a request that was open when history had gone back: part of the webhook-id
    PRIMARY KEY (transaction_id),
    CONSTRAINT webhook_deliveries_first CHECK (num_nulls(first_at, first_ms, first_code) IN (0, 3)),
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
    detail          text CONSTRAINT webhook_attempts_detail CHECK (octet_length(detail) <= 1024),
    PRIMARY KEY (transaction_id, attempt)
) PARTITION BY RANGE (transaction_id);

-- What is due for sending, with the lease: due_at is moved past the timeout when a worker takes the row, and
-- token counts the takers, so that whoever lost his lease can no longer change anything.
CREATE TABLE countersign.dispatch_queue (
    transaction_id   uuid PRIMARY KEY,
    due_at           timestamptz NOT NULL,
    occurred_at      timestamptz NOT NULL,
    token            bigint NOT NULL DEFAULT 0,
    portal_id        integer NOT NULL,
    attempts         integer NOT NULL DEFAULT 0,
    leased           boolean NOT NULL DEFAULT false,
    request_status   text NOT NULL,
    callback_uri     text NOT NULL,
    -- Scheme, host and port as they are written. Computed here, so that whoever ends a request need not know of it.
    origin           text COLLATE "C" NOT NULL GENERATED ALWAYS AS
                         (coalesce(lower(substring(callback_uri COLLATE "C" FROM '^[A-Za-z]+://[^/?]*')), '')) STORED,
    queued_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- How many were made before it was replayed: the schedule begins anew, the numbers of the attempts go on.
    attempts_before  integer NOT NULL DEFAULT 0,
    epoch            integer
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
        autovacuum_vacuum_cost_delay = 0);
-- Claims go from endpoint to endpoint: the first row of each tells at once whether anything is due there.
CREATE INDEX dispatch_queue_endpoint ON countersign.dispatch_queue (portal_id, origin, due_at, transaction_id);

-- Breakers. A row exists once the breaker of an endpoint has opened. An endpoint belongs to one portal, so that nobody
-- can open another's breaker by making the same receiver fail.
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

-- Deliveries that were given up: the list that is replayed from. A table of its own, because an index for this on
-- webhook_deliveries would cost each delivery its heap-only update.
CREATE TABLE countersign.dead_deliveries (
    transaction_id  uuid PRIMARY KEY,
    died_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    portal_id       integer NOT NULL
);
CREATE INDEX dead_deliveries_portal ON countersign.dead_deliveries (portal_id, died_at);

---------------------------------------------------------------------------------------------------------
-- Audit events, kept 400 days
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.events (
    event_id        uuid NOT NULL DEFAULT countersign.uuid_v7(),
    occurred_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- What streams the events knows by it which have been seen: ids are made before others see them.
    written_in      xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- Of the end of a request, and of a signed answer, each as short as it can be: event_details() has them in words.
    requested_at    timestamptz,
    signed_at       timestamptz,
    transaction_id  uuid,
    enrollment_id   uuid,
    portal_id       integer,
    app_id          integer,
    secret_digest       bytea,
    certificate_sha256  bytea,
    signer_fingerprint  bytea,
    signature       bytea,  -- see armored_signature()
    prompt          text,
    type            text COLLATE "C" NOT NULL,
    user_id         text COLLATE "C",
    -- Of the end of a request: its type, what its portal has said of the visitor, and its app of the device.
    auth_type       text,
    reference       text,
    ip_address      text,
    user_agent      text,
    device_address  text,
    device_agent    text,
    -- Nobody may write these two, and the times: grants leave out their columns. The login is the server's word.
    actor           text NOT NULL DEFAULT session_user,
    -- Whom an administrator's login names in countersign.operator: the console works for several people with one.
    operator        text DEFAULT
                    CASE WHEN pg_has_role(session_user, countersign.group_role('admin'), 'MEMBER')
                         THEN nullif(current_setting('countersign.operator', true), '') END,
    details         jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (event_id)
) PARTITION BY RANGE (event_id);
-- `countersign events` by user or by transaction, over 400 days.
CREATE INDEX events_user ON countersign.events (user_id, event_id) WHERE user_id IS NOT NULL;
CREATE INDEX events_transaction ON countersign.events (transaction_id) WHERE transaction_id IS NOT NULL;

-- The chain of digests over them: each row carries the one before, see event_digests.sql.
CREATE TABLE countersign.event_digests (
    until    timestamptz PRIMARY KEY,  -- of the events before then
    since    timestamptz NOT NULL,     -- and from then on: where the row before ends
    events   bigint NOT NULL,
    content  bytea NOT NULL,           -- SHA-256 of those events
    digest   bytea NOT NULL            -- SHA-256 of the digest before, and of this row
);
-- Stretches of the audit trail that were exported and dropped, the oldest first and without a gap: see event_archives.sql.
CREATE TABLE countersign.event_archives (
    until        timestamptz PRIMARY KEY,
    since        timestamptz NOT NULL,
    archived_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    events       bigint NOT NULL,
    content      bytea NOT NULL,  -- SHA-256 of those events, as in event_digests
    manifest     bytea NOT NULL   -- SHA-256 of the file that describes the others
);
-- Events whose user was erased since: see erasure.sql.
CREATE TABLE countersign.erased_events (
    event_id  uuid PRIMARY KEY,
    erasure   uuid NOT NULL,   -- the event that tells of it
    before    bytea NOT NULL,  -- SHA-256 of the event as it was, which the chain goes on with
    after     bytea NOT NULL   -- and as it is now
);
-- The key of the digests that stand in the place of erased users. Without it nobody can try names, and it can be replaced:
-- then who is erased once more has another digest.
CREATE TABLE countersign.erasure_key (
    only_row  boolean PRIMARY KEY DEFAULT true CONSTRAINT erasure_key_only_row CHECK (only_row),
    key       bytea NOT NULL DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
                                            || uuid_send(gen_random_uuid()))
);
ALTER TABLE countersign.erasure_key ALTER COLUMN key SET STATISTICS 0;
INSERT INTO countersign.erasure_key DEFAULT VALUES;

-- The span that is being closed: its end, and the transaction before which all must have ended.
CREATE TABLE countersign.event_closing (
    one      boolean PRIMARY KEY DEFAULT true CONSTRAINT event_closing_one CHECK (one),
    until    timestamptz NOT NULL DEFAULT 'epoch',
    horizon  xid8
);
INSERT INTO countersign.event_closing DEFAULT VALUES;

---------------------------------------------------------------------------------------------------------
-- Whether history has gone back, see current/epochs.sql.
---------------------------------------------------------------------------------------------------------
-- What the database last knew of itself, and who keeps house: one row, written each second by whoever does. A restore
-- takes it back along with everything else, and then it no longer fits.
CREATE TABLE countersign.epoch (
    only_row           boolean PRIMARY KEY DEFAULT true CONSTRAINT epoch_only_row CHECK (only_row),
    is_held            boolean NOT NULL DEFAULT false,  -- webhooks of before wait for an operator
    is_synchronous     boolean NOT NULL DEFAULT false,  -- whether a standby has all that was acknowledged
    number             integer NOT NULL DEFAULT 0,      -- how often history has gone back
    life               uuid NOT NULL DEFAULT gen_random_uuid(),  -- another after each time
    suspect_until      uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',  -- the last request of before
    notes              bigint NOT NULL DEFAULT 0,       -- how often this row was written
    noted_at           timestamptz,
    noted_by           xid8,                            -- whoever copies the row as text has another
    system_identifier  bigint,
    timeline           bigint,
    database           oid,
    kept_by            uuid,                            -- the worker that keeps house, and until when nobody else does
    kept_until         timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
INSERT INTO countersign.epoch DEFAULT VALUES;

-- Each time that history has gone back. 0, the beginning, has no row.
CREATE TABLE countersign.epochs (
    number       integer PRIMARY KEY,
    began_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    known_until  timestamptz,              -- up to then the database knows what has happened
    released_at  timestamptz,
    codes        bigint NOT NULL DEFAULT 0,  -- that were removed, uncollected
    requests     bigint NOT NULL DEFAULT 0,  -- that were open and have been ended
    enrollments  bigint NOT NULL DEFAULT 0,  -- that were revoked again
    held_to      uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',  -- up to there webhooks are held
    reason       text NOT NULL
);

---------------------------------------------------------------------------------------------------------
-- Workers, and what operators tell them: each looks once a second, and nothing here is written once a row.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.workers (
    worker_id        uuid PRIMARY KEY,
    started_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    process_id       integer NOT NULL,
    program          integer NOT NULL,  -- the program's number, as in minimum-binary
    draining         boolean NOT NULL DEFAULT false,
    has_places       boolean NOT NULL DEFAULT false,  -- whether it was started with a file of places
    host             text NOT NULL,
    drain_requested  boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

CREATE TABLE countersign.worker_stages (
    worker_id         uuid NOT NULL REFERENCES countersign.workers ON DELETE CASCADE,
    stage             text COLLATE "C" NOT NULL
                      CONSTRAINT worker_stages_stage CHECK (stage IN
                          ('enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep')),
    in_flight         integer NOT NULL DEFAULT 0,
    done_last_minute  bigint NOT NULL DEFAULT 0,
    errors            bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (worker_id, stage)
) WITH (fillfactor = 50);

CREATE TABLE countersign.stage_controls (
    stage       text COLLATE "C" PRIMARY KEY CONSTRAINT stage_controls_stage CHECK (stage IN
                    ('enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep')),
    paused      boolean NOT NULL DEFAULT false,
    batch_size  integer  -- NULL: what each worker was started with
                CONSTRAINT stage_controls_batch_size CHECK (batch_size BETWEEN 1 AND 1000),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    paused_at   timestamptz,  -- both are written by a trigger, see audit.sql
    paused_by   text
);
INSERT INTO countersign.stage_controls (stage)
    SELECT unnest(ARRAY['enroll', 'issue', 'validate', 'expire', 'dispatch', 'housekeep']);

-- A module's level wins over --log-level. `all` is every module that has none of its own.
CREATE TABLE countersign.log_levels (
    module      text COLLATE "C" PRIMARY KEY CONSTRAINT log_levels_module CHECK (module ~ '^[a-z][a-z0-9-]{0,31}$'),
    level       text NOT NULL CONSTRAINT log_levels_level CHECK (level IN
                    ('trace', 'debug', 'info', 'notice', 'warning', 'error', 'critical')),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

---------------------------------------------------------------------------------------------------------
-- Figures, and the console's accounts
---------------------------------------------------------------------------------------------------------
-- A row a stage, written once a second by the worker that keeps house, and by no insert.
CREATE TABLE countersign.queue_figures (
    stage        text COLLATE "C" PRIMARY KEY,
    measured_at  timestamptz NOT NULL,
    waiting      bigint NOT NULL,
    estimated    boolean NOT NULL,
    oldest       timestamptz
) WITH (fillfactor = 50);

-- How full the server's notification queue is, asked by the worker that keeps house, and whether it is too full to
-- notify: from a hundredth (80 MB) on. Careless listeners leave less: at 30,000 notifications a second, one that idles
-- for the 30 s that its login may holds up 40 MB.
CREATE TABLE countersign.notification_queue (
    only_row     boolean PRIMARY KEY DEFAULT true CONSTRAINT notification_queue_only_row CHECK (only_row),
    measured_at  timestamptz NOT NULL DEFAULT 'epoch',
    usage        double precision NOT NULL DEFAULT 0,
    pause_from   double precision NOT NULL DEFAULT 0.01
                 CONSTRAINT notification_queue_pause_from CHECK (pause_from > 0 AND pause_from < 0.5),
    is_paused    boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
INSERT INTO countersign.notification_queue DEFAULT VALUES;

-- The past of each stage, and of all sign-ins and webhooks: a row a minute for a week, a row an hour for 400 days. See
-- history.sql.
CREATE TABLE countersign.queue_history (
    minute     timestamptz NOT NULL,  -- where the minute or the hour begins
    waiting    bigint NOT NULL,       -- in an hour the most
    done       bigint NOT NULL,
    errors     bigint NOT NULL DEFAULT 0,  -- of the workers that live then, since each began
    stage      text COLLATE "C" NOT NULL,
    unit       text COLLATE "C" NOT NULL DEFAULT 'minute'
               CONSTRAINT queue_history_unit CHECK (unit IN ('minute', 'hour')),
    PRIMARY KEY (unit, stage, minute)
);
CREATE TABLE countersign.sign_in_history (
    minute         timestamptz NOT NULL,  -- where the minute or the hour begins
    asked          bigint NOT NULL,
    authenticated  bigint NOT NULL,
    denied         bigint NOT NULL,
    expired        bigint NOT NULL,
    cancelled      bigint NOT NULL,
    failed         bigint NOT NULL,
    delivered      bigint NOT NULL,
    undelivered    bigint NOT NULL,
    dead           bigint NOT NULL,
    unit           text COLLATE "C" NOT NULL DEFAULT 'minute'
                   CONSTRAINT sign_in_history_unit CHECK (unit IN ('minute', 'hour')),
    -- How many took how long, in the places that record_sign_ins() gives them: histograms add up, medians do not.
    code_times     bigint[] NOT NULL CONSTRAINT sign_in_history_code_times CHECK (cardinality(code_times) = 40),
    answer_times   bigint[] NOT NULL CONSTRAINT sign_in_history_answer_times CHECK (cardinality(answer_times) = 40),
    PRIMARY KEY (unit, minute)
);
-- A row for each minute of the last week in which visitors of a portal came to one of its limits.
CREATE TABLE countersign.limit_history (
    minute      timestamptz NOT NULL,
    portal_id   integer NOT NULL,
    networks    integer NOT NULL DEFAULT 0,      -- that had started as many requests as one source may
    over_limit  boolean NOT NULL DEFAULT false,  -- it had as many open requests as it may
    PRIMARY KEY (minute, portal_id)
);

CREATE TABLE countersign.operators (
    name           text COLLATE "C" PRIMARY KEY
                   CONSTRAINT operators_name_form CHECK (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    role           text COLLATE "C" NOT NULL DEFAULT 'viewer'
                   CONSTRAINT operators_role CHECK (role IN ('viewer', 'operator', 'admin')),
    -- Of a viewer who sees only what is this portal's. Without the portal there is nothing to see.
    portal_id      integer REFERENCES countersign.portals ON DELETE CASCADE
                   CONSTRAINT operators_portal CHECK (portal_id IS NULL OR role = 'viewer'),
    password_hash  text NOT NULL,  -- SHA-256, see SecretDigest: passwords are made by us, of 192 random bits
    -- The secret of the account's authenticator (RFC 6238), sealed under a key made of its password: who has neither the
    -- password nor the authenticator learns nothing from it.
    second_factor  bytea,
    -- The last interval whose code was used: none counts twice.
    factor_used    bigint NOT NULL DEFAULT 0,
    -- Codes typed since the last right one, and when: six digits are few, so who knows the password has few tries.
    code_tries     integer NOT NULL DEFAULT 0,
    code_tried_at  timestamptz
);
-- A session is known by the SHA-256 of its cookie: who reads this table cannot sign in with it.
CREATE TABLE countersign.operator_sessions (
    token_digest  bytea PRIMARY KEY,
    operator      text COLLATE "C" NOT NULL REFERENCES countersign.operators ON DELETE CASCADE,
    expires_at    timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL DEFAULT clock_timestamp()  -- when a page was last asked for, to the minute
);

---------------------------------------------------------------------------------------------------------
-- Partitions: one a day (UTC), of events one a week, made and dropped by the functions of current/partitions.sql, and a default that
-- should stay empty.
---------------------------------------------------------------------------------------------------------
CREATE TABLE countersign.partitioned_tables (
    table_name      text COLLATE "C" PRIMARY KEY,
    retention_days  integer NOT NULL CONSTRAINT partitioned_tables_retention CHECK (retention_days BETWEEN 1 AND 36500),
    days            integer NOT NULL CONSTRAINT partitioned_tables_days CHECK (days IN (1, 7)),  -- of a partition
    fillfactor      integer NOT NULL
);
-- Room for one more version of each row of auth_requests (issued) keeps its update on the page: measured
-- 147,000 to 166,000 rows/s against 100,000 to 117,000. Submissions are updated once too. Events are kept so long that
-- days would be 407 partitions: looking for those of one request took 162 ms, all but 1 ms of it planning.
INSERT INTO countersign.partitioned_tables VALUES
    ('auth_requests', 30, 1, 45), ('submissions', 30, 1, 60), ('webhook_deliveries', 30, 1, 60),
    ('webhook_attempts', 30, 1, 100), ('events', 400, 7, 100);

CREATE TABLE countersign.auth_requests_default PARTITION OF countersign.auth_requests DEFAULT;
CREATE TABLE countersign.submissions_default PARTITION OF countersign.submissions DEFAULT;
CREATE TABLE countersign.webhook_deliveries_default PARTITION OF countersign.webhook_deliveries DEFAULT;
CREATE TABLE countersign.webhook_attempts_default PARTITION OF countersign.webhook_attempts DEFAULT;
CREATE TABLE countersign.events_default PARTITION OF countersign.events DEFAULT;

---------------------------------------------------------------------------------------------------------
-- The planner's statistics keep samples of a column's commonest values, and EXPLAIN tells everybody who may read the
-- column how often one occurs, whosever rows they are: a portal learnt another's references, an app another's users.
-- Of what identifies or was sent by somebody they keep nothing. create_partition() does the same for each day.
---------------------------------------------------------------------------------------------------------
DO $$
DECLARE
    unmeasured record;
BEGIN
    FOR unmeasured IN
        SELECT t.name, c.name AS of_column FROM (VALUES
            ('auth_requests', ARRAY['reference', 'user_id', 'device_id', 'ip_address', 'user_agent', 'message',
                'secure_message', 'callback_uri', 'secret_digest', 'prompt', 'signature', 'signer_fingerprint',
                'confirm_number', 'browser_id', 'source']),
            ('submissions', ARRAY['enrollment_id', 'enrollment', 'secret_digest', 'prompt_digest',
                'signature', 'kept_signature', 'signed_at', 'ip_address', 'user_agent']),
            ('enrollments', ARRAY['user_id', 'device_id', 'device_name', 'platform', 'public_key',
                'key_fingerprint'])) AS given (parent, columns)
        CROSS JOIN LATERAL unnest(given.columns) AS c (name)
        CROSS JOIN LATERAL (
            SELECT given.parent AS name
            UNION ALL
            SELECT i.inhrelid::regclass::text FROM pg_catalog.pg_inherits i
            WHERE i.inhparent = ('countersign.' || given.parent)::regclass) AS t
    LOOP
        EXECUTE pg_catalog.format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0',
            CASE WHEN unmeasured.name LIKE 'countersign.%' THEN unmeasured.name
                 ELSE 'countersign.' || unmeasured.name END, unmeasured.of_column);
    END LOOP;
END
$$;
