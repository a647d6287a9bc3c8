package import Postgres

extension WebhookDelivery {
    /// $1 portal's id or NULL, $2 since or NULL, $3 rows at most.
    package static func listing(_ state: State) -> Statement {
        let source =
            switch state {
            case .waiting:
                """
                countersign.dispatch_queue f JOIN countersign.webhook_deliveries d USING (transaction_id)
                WHERE ($2::timestamptz IS NULL OR f.queued_at >= $2) AND ($1::integer IS NULL OR f.portal_id = $1)
                ORDER BY f.queued_at DESC
                """
            case .dead:
                """
                countersign.dead_deliveries f JOIN countersign.webhook_deliveries d USING (transaction_id)
                WHERE ($2::timestamptz IS NULL OR f.died_at >= $2) AND ($1::integer IS NULL OR f.portal_id = $1)
                ORDER BY f.died_at DESC
                """
            case .delivered:
                // Ids are in the order of time, so the newest are read from the end of the index.
                """
                countersign.webhook_deliveries d
                WHERE ($2::timestamptz IS NULL OR d.transaction_id >= countersign.uuid_floor($2))
                  AND ($1::integer IS NULL OR d.portal_id = $1) AND d.status = 'delivered'
                ORDER BY d.transaction_id DESC
                """
            }
        return Statement("webhook.list_\(state.rawValue)", select("SELECT d.* FROM \(source) LIMIT $3"))
    }

    /// $1 transaction id.
    package static let one = Statement(
        "webhook.read", select("SELECT * FROM countersign.webhook_deliveries WHERE transaction_id = $1"))

    private static func select(_ deliveries: String) -> String {
        """
        SELECT d.transaction_id, p.name, CASE d.status WHEN 'pending' THEN 'waiting' ELSE d.status END,
               greatest(d.attempts, q.attempts), d.callback_uri, d.created_at, d.finished_at, q.due_at,
               a.status_code, a.error_class, a.detail
        FROM (\(deliveries)) AS d JOIN countersign.portals p USING (portal_id)
        LEFT JOIN countersign.dispatch_queue q ON q.transaction_id = d.transaction_id
        LEFT JOIN LATERAL (SELECT l.status_code, l.error_class, l.detail FROM countersign.webhook_attempts l
                           WHERE l.transaction_id = d.transaction_id ORDER BY l.attempt DESC LIMIT 1) AS a ON true
        ORDER BY coalesce(d.finished_at, d.created_at) DESC, d.transaction_id DESC
        """
    }

    /// No parameter. A query that names a column fails when the login may not read it.
    package static let permission = Statement(
        "webhook.permission", "SELECT has_column_privilege('countersign.webhook_attempts', 'body', 'SELECT')")

    package static let attempts = attemptsStatement("webhook.attempts", body: "NULL::text")
    package static let attemptsWithBody = attemptsStatement("webhook.attempts_with_body", body: "body")

    private static func attemptsStatement(_ name: String, body: String) -> Statement {
        Statement(
            name,
            """
            SELECT attempt, started_at, duration_ms, status_code, error_class, detail, \(body)
            FROM countersign.webhook_attempts WHERE transaction_id = $1 ORDER BY attempt
            """)
    }

    /// $1 transaction ids.
    package static let sending = Statement("webhook.send_again", "SELECT countersign.send_again($1)")
}
