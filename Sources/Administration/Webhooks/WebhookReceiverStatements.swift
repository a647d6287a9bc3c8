import Postgres

/// Receivers for which something waits, 50 of a portal at most, or whose breaker has opened; the failing ones first.
struct FindReceivers: PreparedStatement {
    /// Nil is all portals.
    let portalID: Int32?

    struct Output {
        let name: WebhookReceiver.Name
        let breaker: WebhookReceiver.Breaker?
        let waiting: Int
    }

    static let statement = Statement(
        "webhook.receivers",
        """
        WITH RECURSIVE queued (portal_id, origin, nth) AS (
            (SELECT q.portal_id, q.origin, 1 FROM countersign.dispatch_queue q
             WHERE q.portal_id >= coalesce($1::integer, 0) ORDER BY q.portal_id, q.origin LIMIT 1)
            UNION ALL
            SELECT n.portal_id, n.origin, CASE WHEN n.portal_id = queued.portal_id THEN queued.nth + 1 ELSE 1 END
            FROM queued CROSS JOIN LATERAL (
                SELECT q.portal_id, q.origin FROM countersign.dispatch_queue q
                WHERE (q.portal_id, q.origin)  -- every origin begins with http, so 'i' is after them
                      > (queued.portal_id, CASE WHEN queued.nth < 50 THEN queued.origin ELSE 'i' END)
                ORDER BY q.portal_id, q.origin LIMIT 1) AS n
            WHERE $1::integer IS NULL OR queued.portal_id = $1
        )
        SELECT p.name AS portal, r.origin, e.state, e.open_until, e.failing_since, e.reason,
               (SELECT count(*) FROM (SELECT FROM countersign.dispatch_queue q
                                      WHERE q.portal_id = r.portal_id AND q.origin = r.origin
                                      LIMIT \(WebhookReceiver.most + 1)) AS w) AS waiting
        FROM (SELECT portal_id, origin FROM queued
              UNION SELECT portal_id, origin FROM countersign.webhook_endpoints) AS r
        JOIN countersign.portals p USING (portal_id)
        LEFT JOIN countersign.webhook_endpoints e USING (portal_id, origin)
        WHERE $1::integer IS NULL OR r.portal_id = $1
        ORDER BY coalesce(e.state, 'closed') = 'closed', p.name, r.origin LIMIT 200
        """)
    var parameters: [Parameter] { [portalID.map { .int32($0) } ?? .null] }

    static func decode(_ row: inout RowReader) throws -> Output {
        let name = WebhookReceiver.Name(portal: try row.text("portal"), origin: try row.text("origin"))
        let state = try row.optionalText("state")
        let openUntil = try row.optionalTimestamp("open_until")
        let failingSince = try row.optionalTimestamp("failing_since")
        let reason = try row.optionalText("reason")
        var breaker: WebhookReceiver.Breaker?
        if let state, let openUntil {
            breaker = .init(state: state, openUntil: openUntil, failingSince: failingSince, reason: reason)
        }
        return Output(name: name, breaker: breaker, waiting: try row.int("waiting"))
    }
}

/// Addresses are taken apart once each: most deliveries of a portal go to the same.
struct FindReceiverFigures: PreparedStatement {
    struct Output {
        let name: WebhookReceiver.Name
        let figures: WebhookReceiver.Figures
    }

    static let statement = Statement(
        "webhook.receiver_figures",
        """
        WITH latest AS MATERIALIZED (
            SELECT d.transaction_id, d.portal_id, d.callback_uri, d.first_at, d.first_ms
            FROM countersign.webhook_deliveries d
            WHERE d.transaction_id > (SELECT countersign.uuid_floor(clock_timestamp() - interval '1 day'))
            ORDER BY d.transaction_id DESC LIMIT \(WebhookReceiver.sample)
        ), tried AS MATERIALIZED (
            SELECT l.portal_id, l.callback_uri, l.first_at AS at, l.first_ms AS ms, true AS is_delivered, NULL::text AS words
            FROM latest l WHERE l.first_at IS NOT NULL
            UNION ALL
            SELECT l.portal_id, l.callback_uri, a.started_at, a.duration_ms, a.error_class IS NULL,
                   coalesce(a.detail, 'it answered ' || a.status_code, a.error_class)
            FROM latest l JOIN countersign.webhook_attempts a USING (transaction_id)
            WHERE a.transaction_id >= (SELECT f.transaction_id FROM latest f ORDER BY f.transaction_id LIMIT 1)
        ), origins AS (
            SELECT d.callback_uri, \(ReplayWebhooks.origin) AS origin FROM (SELECT DISTINCT callback_uri FROM tried) AS d
        )
        SELECT p.name AS portal, o.origin, count(*) AS attempts, count(*) FILTER (WHERE t.is_delivered) AS delivered,
               percentile_disc(0.99) WITHIN GROUP (ORDER BY t.ms) AS p99,
               (array_agg(t.words ORDER BY t.at DESC) FILTER (WHERE NOT t.is_delivered))[1] AS words,
               max(t.at) FILTER (WHERE NOT t.is_delivered) AS failed_at
        FROM tried t JOIN origins o USING (callback_uri) JOIN countersign.portals p USING (portal_id)
        GROUP BY p.name, o.origin ORDER BY count(*) DESC LIMIT 1000
        """)

    static func decode(_ row: inout RowReader) throws -> Output {
        let name = WebhookReceiver.Name(portal: try row.text("portal"), origin: try row.text("origin"))
        let (attempts, delivered) = (try row.int("attempts"), try row.int("delivered"))
        let p99 = Duration.milliseconds(try row.int("p99"))
        let words = try row.optionalText("words")
        let failedAt = try row.optionalTimestamp("failed_at")
        var lastError: (words: String, at: Timestamp)?
        if let words, let failedAt { lastError = (words, failedAt) }
        return Output(
            name: name,
            figures: .init(attempts: attempts, delivered: delivered, p99: p99, lastError: lastError))
    }
}
