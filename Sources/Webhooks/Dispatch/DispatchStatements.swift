package import Postgres

/// The dispatch stage's SQL. A row of dispatch_queue is due, or leased until due_at; a lease that ran out makes
/// it due again. `token` grows with each claim, and nobody whose token is old can change anything.
package enum DispatchStatements {
    /// CTE `lanes`: the endpoints that have rows, each with its first row's time, by skipping through the index. No
    /// more than 1,024 of one portal, so that nobody can make everybody's claims long; the rest have their turn when
    /// some of those are done.
    private static let lanes = """
        lanes (portal_id, origin, due_at, nth) AS (
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
        """

    /// SQL for the slots of a lane that `DeliverySlots` makes an exception of, and of its portal; NULL without one.
    private static let exception = "($1::jsonb ->> (lanes.portal_id || ' ' || lanes.origin))::integer"
    private static let share = "coalesce(($1::jsonb ->> lanes.portal_id::text)::integer, $2::integer)"

    /// $1 exceptions (see `DeliverySlots.Offer`), $2 rows of a portal without one, $3 rows at most, $4 seconds of lease,
    /// $5 portal and $6 origin served last.
    ///
    /// Portals take turns, and within a portal its endpoints. Passed over are paused and disabled portals, endpoints without
    /// a free slot, and those whose breaker is open; one that has been open long enough gives one row as a probe,
    /// to whoever turns it half open.
    package static let claim = Statement(
        "dispatch.claim",
        """
        WITH RECURSIVE \(lanes), free AS MATERIALIZED (
            SELECT lanes.portal_id, lanes.origin, p.signing_secret, p.webhook_key, p.webhook_concurrency, p.webhook_rate,
                   CASE WHEN p.previous_secret_until > clock_timestamp() THEN p.previous_secret END AS previous_secret,
                   e.state <> 'closed' AS is_probe,
                   least(coalesce(\(exception), least(p.webhook_concurrency, p.webhook_rate)),
                         CASE WHEN e.state <> 'closed' THEN 1 END) AS places,
                   \(share) AS share, count(*) OVER (PARTITION BY lanes.portal_id) AS of_portal,
                   row_number() OVER (PARTITION BY lanes.portal_id
                                      ORDER BY (lanes.portal_id, lanes.origin) <= ($5::integer, $6::text), lanes.origin)
                       AS nth
            FROM lanes JOIN countersign.portals p ON p.portal_id = lanes.portal_id AND p.enabled AND NOT p.paused
            LEFT JOIN countersign.webhook_endpoints e ON e.portal_id = lanes.portal_id AND e.origin = lanes.origin
            WHERE lanes.due_at <= clock_timestamp() AND coalesce(\(exception), 1) > 0
              AND (e.state IS NULL OR e.state = 'closed' OR e.open_until <= clock_timestamp())
        ), probing AS (
            UPDATE countersign.webhook_endpoints e
            SET state = 'half_open', changed_at = clock_timestamp(),
                open_until = clock_timestamp() + make_interval(secs => $4::float8)
            FROM (SELECT k.portal_id, k.origin
                  FROM free JOIN countersign.webhook_endpoints k ON k.portal_id = free.portal_id AND k.origin = free.origin
                  WHERE free.is_probe AND free.nth <= free.share
                    AND k.state <> 'closed' AND k.open_until <= clock_timestamp()
                  FOR UPDATE OF k SKIP LOCKED) AS picked
            WHERE e.portal_id = picked.portal_id AND e.origin = picked.origin
            RETURNING e.portal_id, e.origin
        ), claimed AS MATERIALIZED (
            SELECT due.transaction_id, turn.*
            FROM (SELECT * FROM free
                  WHERE nth <= share
                    AND (is_probe IS NOT TRUE OR EXISTS (SELECT FROM probing b WHERE b.portal_id = free.portal_id
                                                                               AND b.origin = free.origin))
                  ORDER BY nth, portal_id <= $5::integer, portal_id) AS turn
            CROSS JOIN LATERAL (
                SELECT q.transaction_id FROM countersign.dispatch_queue q
                WHERE q.portal_id = turn.portal_id AND q.origin = turn.origin
                  AND q.due_at <= (SELECT clock_timestamp())
                ORDER BY q.due_at, q.transaction_id
                LIMIT least(turn.places, greatest(1, turn.share / turn.of_portal)) FOR UPDATE SKIP LOCKED) AS due
            LIMIT $3::integer
        ), leased AS (
            UPDATE countersign.dispatch_queue q
            SET due_at = clock_timestamp() + make_interval(secs => $4::float8), token = q.token + 1,
                attempts = q.attempts + 1, leased = true
            FROM claimed c WHERE q.transaction_id = c.transaction_id
            RETURNING q.transaction_id, q.token, q.attempts, q.attempts_before, q.portal_id, q.origin, q.callback_uri,
                      q.request_status, q.occurred_at, c.signing_secret, c.previous_secret, c.webhook_key,
                      c.webhook_concurrency, c.webhook_rate, coalesce(c.is_probe, false) AS is_probe
        )
        SELECT l.*, NOT s.callback_allowlist_enabled OR c.callback_id IS NOT NULL, c.callback_id, c.username, c.password,
               r.auth_type, r.traceparent, p.name
        FROM leased l CROSS JOIN countersign.settings s
        JOIN countersign.portals p ON p.portal_id = l.portal_id
        LEFT JOIN countersign.auth_requests r ON r.transaction_id = l.transaction_id
        LEFT JOIN countersign.callback_urls c ON c.portal_id = l.portal_id AND c.url = l.callback_uri
        """)

    /// $1 exceptions, $2 rows of a portal without one. Microseconds until the next row of an endpoint with free
    /// places falls due; NULL when there is none.
    package static let nextDue = Statement(
        "dispatch.next_due",
        """
        WITH RECURSIVE \(lanes)
        SELECT CASE WHEN count(*) > 0 THEN  -- greatest() ignores NULL, and a sleep of 0 would be none
                   greatest(0, date_part('epoch', min(greatest(
                       lanes.due_at, CASE WHEN e.state <> 'closed' THEN e.open_until END)) - clock_timestamp())
                       * 1000000)::bigint END
        FROM lanes JOIN countersign.portals p ON p.portal_id = lanes.portal_id AND p.enabled AND NOT p.paused
        LEFT JOIN countersign.webhook_endpoints e ON e.portal_id = lanes.portal_id AND e.origin = lanes.origin
        WHERE coalesce(\(exception), 1) > 0 AND \(share) > 0
        """)

    /// $1 transactions, $2 tokens, $3 attempts, $4 started, $5 milliseconds, $6 status codes, $7 failures, $8 bodies,
    /// $9 details, $10 outcomes (delivered, retry, dead), $11 seconds until the next attempt. Stale tokens change nothing.
    package static let acknowledge = Statement(
        "dispatch.acknowledge",
        """
        WITH given AS MATERIALIZED (
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::timestamptz[], $5::integer[],
                                 $6::integer[], $7::text[], $8::text[], $9::text[], $10::text[], $11::float8[])
                AS g (transaction_id, token, attempt, started_at, duration_ms, status_code, error_class, body,
                      detail, outcome, delay)
        ), held AS MATERIALIZED (
            SELECT g.*, q.portal_id FROM given g JOIN countersign.dispatch_queue q USING (transaction_id, token)
            FOR UPDATE OF q
        ), recorded AS (
            INSERT INTO countersign.webhook_attempts (transaction_id, attempt, started_at, duration_ms,
                                                      status_code, error_class, body, detail)
            SELECT transaction_id, attempt, started_at, duration_ms, status_code, error_class, body, detail FROM held
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
