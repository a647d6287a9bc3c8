-- Webhook deliveries that were given up, and sending again.

-- All attempts: those with a row of their own, and first ones that succeeded, which stand with their delivery.
CREATE OR REPLACE VIEW countersign.webhook_tries WITH (security_barrier) AS
SELECT a.transaction_id, a.attempt, a.started_at, a.duration_ms, a.status_code, a.error_class, a.detail
FROM countersign.webhook_attempts a
UNION ALL
SELECT d.transaction_id, 1, d.first_at, d.first_ms, d.first_code, NULL::text, NULL::text
FROM countersign.webhook_deliveries d WHERE d.first_at IS NOT NULL;
COMMENT ON VIEW countersign.webhook_tries IS
    'All attempts: the rows of webhook_attempts, and the first ones that stand in webhook_deliveries.';
COMMENT ON COLUMN countersign.webhook_tries.transaction_id IS 'The request of the delivery.';
COMMENT ON COLUMN countersign.webhook_tries.attempt IS 'Which it was, counted from 1.';
COMMENT ON COLUMN countersign.webhook_tries.started_at IS 'When it began.';
COMMENT ON COLUMN countersign.webhook_tries.duration_ms IS 'How long it took, in milliseconds.';
COMMENT ON COLUMN countersign.webhook_tries.status_code IS 'The receiver''s HTTP status, NULL when it sent none.';
COMMENT ON COLUMN countersign.webhook_tries.error_class IS 'Why it failed; NULL when it did not.';
COMMENT ON COLUMN countersign.webhook_tries.detail IS 'What was wrong in particular, at most 1,024 bytes.';

-- Lists a delivery that was given up, whoever gave it up.
CREATE OR REPLACE FUNCTION countersign.note_dead_delivery() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO countersign.dead_deliveries (transaction_id, portal_id)
    VALUES (NEW.transaction_id, NEW.portal_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;

-- Queues finished deliveries again and makes waiting ones due now; leaves alone what is on its way. Returns
-- those it has moved. The token begins at the time, so that no worker's token of an earlier life fits.
CREATE OR REPLACE FUNCTION countersign.send_again(ids uuid[]) RETURNS SETOF uuid
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
                                                attempts_before, request_status, callback_uri, epoch)
        SELECT transaction_id, clock_timestamp(), created_at,
               (date_part('epoch', clock_timestamp()) * 1000000)::bigint, portal_id, attempts, attempts,
               request_status, callback_uri, epoch
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
