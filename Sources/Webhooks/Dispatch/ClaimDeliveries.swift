import Engine
import Postgres

/// Takes deliveries that are due and leases them. A row of dispatch_queue is due, or leased until due_at; a lease that
/// ran out makes it due again. `token` grows with each claim, and a worker whose token is old can change nothing.
///
/// Portals take turns, and within a portal its endpoints. Passed over are paused and disabled portals, endpoints without
/// a free slot, and those whose breaker is open; one that has been open long enough gives one row as a probe,
/// to whoever turns it half open.
struct ClaimDeliveries: PreparedStatement {
    let offer: DeliverySlots.Offer
    let leaseSeconds: Double
    /// The endpoint that was served last.
    let after: WebhookEndpoint

    /// $1 exceptions, $2 rows of a portal without one, $3 rows at most, $4 seconds of lease, $5 portal and $6 origin
    /// served last.
    var parameters: [Parameter] {
        [
            .text(offer.exceptions), .int32(Int32(offer.portalShare)), .int32(Int32(offer.rows)),
            .double(leaseSeconds), .int32(after.portalID), .text(after.origin),
        ]
    }

    static func decode(_ row: inout RowReader) throws -> Delivery {
        Delivery(
            transactionID: try row.identifier("transaction_id"), epoch: try row.optionalInt("epoch"),
            token: Int64(try row.int("token")),
            attempt: try row.int("attempts"), attemptsBefore: try row.int("attempts_before"),
            endpoint: WebhookEndpoint(
                portalID: Int32(try row.int("portal_id")), origin: try row.text("origin")),
            callbackURI: try row.text("callback_uri"), status: try row.text("request_status"),
            denyReason: try row.optionalText("deny_reason"),
            occurredAt: try row.timestamp("occurred_at"), signingSecret: try row.bytes("signing_secret"),
            previousSecret: try row.optionalBytes("previous_secret"),
            webhookKey: try row.optionalBytes("webhook_key"), concurrency: try row.int("webhook_concurrency"),
            rate: try row.optionalInt("webhook_rate"), isProbe: try row.bool("is_probe"),
            isListed: try row.bool("is_listed"),
            callbackID: try row.optionalInt("callback_id").map(Int32.init),
            username: try row.optionalText("username"), password: try row.optionalBytes("password"),
            authenticationType: try row.optionalText("auth_type"),
            traceparent: try row.optionalText("traceparent"), portal: try row.text("name"),
            claimedAt: try row.timestamp("claimed_at"))
    }

    static let statement = Statement(
        "dispatch.claim",
        """
        WITH RECURSIVE \(LaneSQL.endpoints), free AS MATERIALIZED (
            SELECT lanes.portal_id, lanes.origin, p.signing_secret, p.webhook_key, p.webhook_concurrency, p.webhook_rate,
                   CASE WHEN p.previous_secret_until > clock_timestamp() THEN p.previous_secret END AS previous_secret,
                   e.state <> 'closed' AS is_probe,
                   least(coalesce(\(Exceptions.ofLane), least(p.webhook_concurrency, p.webhook_rate)),
                         CASE WHEN e.state <> 'closed' THEN 1 END) AS places,
                   \(Exceptions.ofPortal) AS share, count(*) OVER (PARTITION BY lanes.portal_id) AS of_portal,
                   row_number() OVER (PARTITION BY lanes.portal_id
                                      ORDER BY (lanes.portal_id, lanes.origin) <= ($5::integer, $6::text), lanes.origin)
                       AS nth
            FROM lanes JOIN countersign.portals p ON p.portal_id = lanes.portal_id AND p.enabled AND NOT p.paused
            LEFT JOIN countersign.webhook_endpoints e ON e.portal_id = lanes.portal_id AND e.origin = lanes.origin
            WHERE lanes.due_at <= clock_timestamp() AND coalesce(\(Exceptions.ofLane), 1) > 0
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
            SELECT due.place, turn.*
            FROM (SELECT * FROM free
                  WHERE nth <= share
                    AND (is_probe IS NOT TRUE OR EXISTS (SELECT FROM probing b WHERE b.portal_id = free.portal_id
                                                                               AND b.origin = free.origin))
                  ORDER BY nth, portal_id <= $5::integer, portal_id) AS turn
            CROSS JOIN LATERAL (
                SELECT q.ctid AS place FROM countersign.dispatch_queue q
                WHERE q.portal_id = turn.portal_id AND q.origin = turn.origin
                  AND q.due_at <= (SELECT clock_timestamp())
                ORDER BY q.due_at, q.transaction_id
                LIMIT least(turn.places, greatest(1, turn.share / turn.of_portal)) FOR UPDATE SKIP LOCKED) AS due
            LIMIT $3::integer
        ), leased AS (  -- What was changed before it was locked has a place that this statement does not see: for the next claim.
            UPDATE countersign.dispatch_queue q
            SET due_at = clock_timestamp() + make_interval(secs => $4::float8), token = q.token + 1,
                attempts = q.attempts + 1, leased = true
            FROM claimed c WHERE q.ctid = c.place
            RETURNING q.transaction_id, q.epoch, q.token, q.attempts, q.attempts_before, q.portal_id, q.origin, q.callback_uri,
                      q.request_status, q.occurred_at, c.signing_secret, c.previous_secret, c.webhook_key,
                      c.webhook_concurrency, c.webhook_rate, coalesce(c.is_probe, false) AS is_probe
        )
        SELECT l.transaction_id, l.epoch, l.token, l.attempts, l.attempts_before, l.portal_id, l.origin, l.callback_uri,
               l.request_status, r.deny_reason, l.occurred_at, l.signing_secret, l.previous_secret, l.webhook_key,
               l.webhook_concurrency, l.webhook_rate, l.is_probe,
               NOT s.callback_allowlist_enabled OR c.callback_id IS NOT NULL AS is_listed,
               c.callback_id, c.username, c.password, r.auth_type, r.traceparent, p.name,
               (SELECT clock_timestamp()) AS claimed_at
        FROM leased l CROSS JOIN countersign.settings s
        JOIN countersign.portals p ON p.portal_id = l.portal_id
        LEFT JOIN LATERAL (
            SELECT a.deny_reason, a.auth_type, a.traceparent
            FROM (\(Days.recent.row(of: "auth_requests", "transaction_id", "l.transaction_id"))) AS a) AS r ON true
        LEFT JOIN countersign.callback_urls c ON c.portal_id = l.portal_id AND c.url = l.callback_uri
        """)
}

/// When the next delivery of an endpoint with free slots falls due.
struct FindNextDelivery: PreparedStatement {
    let exceptions: String
    /// Rows of a portal without an exception.
    let portalShare: Int

    var parameters: [Parameter] { [.text(exceptions), .int32(Int32(portalShare))] }

    /// Nil when there is none.
    static func decode(_ row: inout RowReader) throws -> Duration? {
        try row.optionalInt("until_due").map { .microseconds($0) }
    }

    static let statement = Statement(
        "dispatch.next_due",
        """
        WITH RECURSIVE \(LaneSQL.endpoints)
        SELECT CASE WHEN count(*) > 0 THEN  -- greatest() ignores NULL, and a sleep of 0 would be none
                   greatest(0, date_part('epoch', min(greatest(
                       lanes.due_at, CASE WHEN e.state <> 'closed' THEN e.open_until END)) - clock_timestamp())
                       * 1000000)::bigint END AS until_due
        FROM lanes JOIN countersign.portals p ON p.portal_id = lanes.portal_id AND p.enabled AND NOT p.paused
        LEFT JOIN countersign.webhook_endpoints e ON e.portal_id = lanes.portal_id AND e.origin = lanes.origin
        WHERE coalesce(\(Exceptions.ofLane), 1) > 0 AND \(Exceptions.ofPortal) > 0
        """)
}

/// SQL for what `DeliverySlots` makes an exception of (see `DeliverySlots.Offer`).
private enum Exceptions {
    /// The slots of a lane; NULL without an exception.
    static let ofLane = "($1::jsonb ->> (lanes.portal_id || ' ' || lanes.origin))::integer"
    /// The slots of its portal.
    static let ofPortal = "coalesce(($1::jsonb ->> lanes.portal_id::text)::integer, $2::integer)"
}
