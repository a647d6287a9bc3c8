package import Postgres

/// The dispatch stage's SQL. A row of dispatch_queue is due, or leased until due_at; a lease that ran out makes
/// it due again. `token` grows with each claim, and nobody whose token is old can change anything.
package enum DispatchStatements {
    /// $1 busy portals, $2 how many deliveries of each are in flight here, $3 most in flight of one portal,
    /// $4 rows at most, $5 seconds of lease, $6 portal served last. Portals take turns; one that is paused or disabled,
    /// or has all its places taken, is passed over.
    package static let claim = Statement(
        "dispatch.claim",
        """
        WITH RECURSIVE lanes (lane) AS (
            (SELECT q.portal_id FROM countersign.dispatch_queue q ORDER BY q.portal_id LIMIT 1)
            UNION ALL
            SELECT (SELECT q.portal_id FROM countersign.dispatch_queue q WHERE q.portal_id > lanes.lane
                    ORDER BY q.portal_id LIMIT 1)
            FROM lanes WHERE lanes.lane IS NOT NULL
        ), free AS MATERIALIZED (
            SELECT lanes.lane, $3::integer - coalesce(busy.count, 0) AS places, p.signing_secret
            FROM lanes JOIN countersign.portals p ON p.portal_id = lanes.lane AND p.enabled AND NOT p.paused
            LEFT JOIN unnest($1::integer[], $2::integer[]) AS busy (lane, count) ON busy.lane = lanes.lane
            WHERE $3::integer > coalesce(busy.count, 0)
        ), claimed AS MATERIALIZED (
            SELECT due.* FROM (SELECT * FROM free ORDER BY lane <= $6, lane) AS turn CROSS JOIN LATERAL (
                SELECT q.transaction_id, turn.signing_secret FROM countersign.dispatch_queue q
                WHERE q.portal_id = turn.lane AND q.due_at <= (SELECT clock_timestamp())
                ORDER BY q.due_at, q.transaction_id LIMIT turn.places FOR UPDATE SKIP LOCKED) AS due
            LIMIT $4::integer
        ), leased AS (
            UPDATE countersign.dispatch_queue q
            SET due_at = clock_timestamp() + make_interval(secs => $5::float8), token = q.token + 1,
                attempts = q.attempts + 1, leased = true
            FROM claimed c WHERE q.transaction_id = c.transaction_id
            RETURNING q.*, c.signing_secret
        )
        SELECT l.transaction_id, l.token, l.attempts, l.portal_id, l.callback_uri, l.request_status, l.occurred_at,
               l.signing_secret, c.callback_id, c.username, c.password, r.auth_type, r.traceparent, p.name
        FROM leased l
        JOIN countersign.portals p ON p.portal_id = l.portal_id
        LEFT JOIN countersign.auth_requests r ON r.transaction_id = l.transaction_id
        LEFT JOIN countersign.callback_urls c ON c.portal_id = l.portal_id AND c.url = l.callback_uri
        """)

    /// $1 busy portals, $2 their deliveries in flight, $3 most of one portal. Microseconds until the next row of a
    /// portal with free places falls due; NULL when there is none.
    package static let nextDue = Statement(
        "dispatch.next_due",
        """
        WITH RECURSIVE lanes (lane) AS (
            (SELECT q.portal_id FROM countersign.dispatch_queue q ORDER BY q.portal_id LIMIT 1)
            UNION ALL
            SELECT (SELECT q.portal_id FROM countersign.dispatch_queue q WHERE q.portal_id > lanes.lane
                    ORDER BY q.portal_id LIMIT 1)
            FROM lanes WHERE lanes.lane IS NOT NULL
        )
        SELECT CASE WHEN count(*) > 0 THEN  -- greatest() ignores NULL, and a sleep of 0 would be none
                   greatest(0, date_part('epoch', min(head.due_at) - clock_timestamp()) * 1000000)::bigint END
        FROM lanes JOIN countersign.portals p ON p.portal_id = lanes.lane AND p.enabled AND NOT p.paused
        LEFT JOIN unnest($1::integer[], $2::integer[]) AS busy (lane, count) ON busy.lane = lanes.lane
        CROSS JOIN LATERAL (SELECT q.due_at FROM countersign.dispatch_queue q WHERE q.portal_id = lanes.lane
                            ORDER BY q.due_at LIMIT 1) AS head
        WHERE $3::integer > coalesce(busy.count, 0)
        """)

    /// $1 transactions, $2 tokens, $3 attempts, $4 started, $5 milliseconds, $6 status codes, $7 failures, $8 bodies,
    /// $9 outcomes (delivered, retry, dead), $10 seconds until the next attempt. Stale tokens change nothing.
    package static let acknowledge = Statement(
        "dispatch.acknowledge",
        """
        WITH given AS MATERIALIZED (
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::timestamptz[], $5::integer[],
                                 $6::integer[], $7::text[], $8::text[], $9::text[], $10::float8[])
                AS g (transaction_id, token, attempt, started_at, duration_ms, status_code, error_class, body,
                      outcome, delay)
        ), held AS MATERIALIZED (
            SELECT g.*, q.portal_id FROM given g JOIN countersign.dispatch_queue q USING (transaction_id, token)
            FOR UPDATE OF q
        ), recorded AS (
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms,
                                                      status_code, error_class, body)
            SELECT transaction_id, attempt, started_at, duration_ms, status_code, error_class, body FROM held
            ON CONFLICT DO NOTHING
        ), gone AS (
            DELETE FROM countersign.dispatch_queue q USING held h
            WHERE h.outcome <> 'retry' AND q.transaction_id = h.transaction_id
        ), later AS (
            UPDATE countersign.dispatch_queue q
            SET due_at = clock_timestamp() + make_interval(secs => h.delay), leased = false
            FROM held h WHERE h.outcome = 'retry' AND q.transaction_id = h.transaction_id
        ), finished AS (
            UPDATE countersign.webhook_deliveries d
            SET attempts = h.attempt, status = CASE WHEN h.outcome = 'retry' THEN 'pending' ELSE h.outcome END,
                finished_at = CASE WHEN h.outcome <> 'retry' THEN clock_timestamp() END
            FROM held h WHERE d.transaction_id = h.transaction_id
        ), audited AS (
            INSERT INTO countersign.events (transaction_id, portal_id, type, details)
            SELECT transaction_id, portal_id, 'webhook.' || outcome,
                   jsonb_strip_nulls(jsonb_build_object('attempts', attempt, 'status_code', status_code,
                                                        'error_class', error_class))
            FROM held WHERE outcome = 'dead'
        )
        SELECT count(*) FROM held
        """)

    /// $1 transactions, $2 tokens: their leases end now, and somebody else may send them.
    package static let giveBack = Statement(
        "dispatch.give_back",
        """
        UPDATE countersign.dispatch_queue q SET due_at = clock_timestamp(), leased = false, token = q.token + 1
        FROM unnest($1::uuid[], $2::bigint[]) AS held (transaction_id, token)
        WHERE q.transaction_id = held.transaction_id AND q.token = held.token
        """)

    package static var all: [Statement] { [claim, nextDue, acknowledge, giveBack] }
}
