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
