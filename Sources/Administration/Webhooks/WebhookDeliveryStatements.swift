package import Postgres

struct ReadWebhook: PreparedStatement {
    let id: Identifier

    typealias Output = WebhookDelivery

    static let statement = Statement(
        "webhook.read",
        selectDeliveries("SELECT * FROM countersign.webhook_deliveries WHERE transaction_id = $1"))

    var parameters: [Parameter] { [.identifier(id)] }
}

/// The columns of a `WebhookDelivery` of each of these rows.
func selectDeliveries(_ deliveries: String) -> String {
    """
    SELECT d.transaction_id, p.name AS portal, CASE d.status WHEN 'pending' THEN 'waiting' ELSE d.status END AS status,
           greatest(d.attempts, q.attempts) AS attempts, d.callback_uri, d.created_at, d.finished_at,
           nullif(q.due_at, countersign.held()) AS due_at,
           a.status_code, a.error_class, a.detail
    FROM (\(deliveries)) AS d LEFT JOIN countersign.portals p USING (portal_id)
    LEFT JOIN countersign.dispatch_queue q ON q.transaction_id = d.transaction_id
    LEFT JOIN LATERAL (SELECT l.status_code, l.error_class, l.detail FROM countersign.webhook_tries l
                       WHERE l.transaction_id = d.transaction_id ORDER BY l.attempt DESC LIMIT 1) AS a ON true
    ORDER BY d.transaction_id DESC
    """
}

extension WebhookDelivery: RowReadable {
    package init(_ row: inout RowReader) throws {
        transactionID = try row.identifier("transaction_id")
        portal = try row.optionalText("portal")
        status = try row.text("status")
        attempts = try row.int("attempts")
        callbackURI = try row.text("callback_uri")
        createdAt = try row.timestamp("created_at")
        finishedAt = try row.optionalTimestamp("finished_at")
        nextAt = try row.optionalTimestamp("due_at")
        lastStatusCode = try row.optionalInt("status_code")
        lastError = try row.optionalText("error_class")
        detail = try row.optionalText("detail")
    }
}

/// Whether the login may read what receivers answered. A query that names a column fails when it may not.
struct MayReadBodies: PreparedStatement {
    static let statement = Statement(
        "webhook.permission",
        "SELECT has_column_privilege('countersign.webhook_attempts', 'body', 'SELECT') AS may_read")

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("may_read") }
}

struct ListAttempts: StatementFamily {
    let id: Identifier
    let withBody: Bool

    static let members = [statement("", body: "NULL::text"), statement("_with_body", body: kept)]
    private static let kept = """
        (SELECT a.body FROM countersign.webhook_attempts a
         WHERE a.transaction_id = t.transaction_id AND a.attempt = t.attempt)
        """
    var statement: Statement { Self.members[withBody ? 1 : 0] }
    var parameters: [Parameter] { [.identifier(id)] }

    private static func statement(_ suffix: String, body: String) -> Statement {
        Statement(
            "webhook.attempts\(suffix)",
            """
            SELECT t.attempt, t.started_at, t.duration_ms, t.status_code, t.error_class, t.detail, \(body) AS body
            FROM countersign.webhook_tries t WHERE t.transaction_id = $1 ORDER BY t.attempt
            """)
    }

    static func decode(_ row: inout RowReader) throws -> WebhookDelivery.Attempt {
        WebhookDelivery.Attempt(
            number: try row.int("attempt"), startedAt: try row.timestamp("started_at"),
            duration: .milliseconds(try row.int("duration_ms")),
            statusCode: try row.optionalInt("status_code"), errorClass: try row.optionalText("error_class"),
            detail: try row.optionalText("detail"), body: try row.optionalText("body"))
    }
}

/// Returns those that it moved.
struct SendAgain: PreparedStatement {
    let ids: [Identifier]

    static let statement = Statement("webhook.send_again", "SELECT countersign.send_again($1)")

    var parameters: [Parameter] { [.identifiers(ids)] }
    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("send_again") }
}

struct ListEndpoints: PreparedStatement {
    static let statement = Statement(
        "webhook.endpoints",
        """
        SELECT p.name AS portal, e.origin, e.state, e.changed_at, CASE WHEN e.state <> 'closed' THEN e.open_until END AS open_until,
               e.failing_since, e.reason
        FROM countersign.webhook_endpoints e JOIN countersign.portals p USING (portal_id)
        ORDER BY e.state = 'closed', p.name, e.origin
        """)

    static func decode(_ row: inout RowReader) throws -> Breaker {
        Breaker(
            portal: try row.text("portal"), origin: try row.text("origin"), state: try row.text("state"),
            changedAt: try row.timestamp("changed_at"), openUntil: try row.optionalTimestamp("open_until"),
            failingSince: try row.optionalTimestamp("failing_since"), reason: try row.optionalText("reason"))
    }
}
