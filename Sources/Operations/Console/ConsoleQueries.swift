import Administration
package import Postgres

/// One minute of one stage.
package struct HistoryPoint: Sendable, Hashable {
    package let stage: String
    /// 0 to 59.
    package let minutesAgo: Int
    package let done: Int

    /// Minute by minute, the oldest first.
    package static func lastHour(_ connection: inout Connection) async throws -> [HistoryPoint] {
        try await connection.run(statement).map { row in
            HistoryPoint(stage: try row.text(0), minutesAgo: try row.int(1), done: try row.int(2))
        }
    }

    package static let statement = Statement(
        "console.history",
        """
        SELECT h.stage, extract(epoch FROM date_trunc('minute', now.moment) - h.minute)::integer / 60, h.done
        FROM (SELECT clock_timestamp() AS moment) AS now
        JOIN countersign.queue_history h ON h.minute > now.moment - interval '1 hour' AND h.minute <= now.moment
        ORDER BY h.minute
        """)
}

/// The console's own statements.
package enum ConsoleQueries {
    /// Webhooks of the last day that are dead, or wait to be tried again. Keys hold the time: no scan of old days.
    package static let failures = Statement(
        "console.failures",
        """
        SELECT d.transaction_id, coalesce(p.name, '?'), d.status, d.attempts, a.started_at, a.status_code, a.error_class,
               q.due_at
        FROM countersign.webhook_deliveries d
        LEFT JOIN countersign.portals p USING (portal_id)
        LEFT JOIN countersign.dispatch_queue q ON q.transaction_id = d.transaction_id
        LEFT JOIN LATERAL (SELECT * FROM (SELECT a.started_at, a.status_code, a.error_class, a.attempt
                           FROM countersign.webhook_attempts a WHERE a.transaction_id = d.transaction_id) AS tried
                           ORDER BY attempt DESC LIMIT 1) AS a ON true
        WHERE d.transaction_id > countersign.uuid_floor(clock_timestamp() - interval '1 day')
          AND (d.status = 'dead' OR d.status = 'pending' AND d.attempts > 0)
        ORDER BY d.transaction_id DESC LIMIT 100
        """)

    package static let events = Statement(
        "console.events",
        """
        SELECT e.occurred_at, e.type, \(AuditEvent.actor), coalesce(p.name, a.name), e.transaction_id
        FROM (SELECT * FROM countersign.events ORDER BY event_id DESC LIMIT 100) AS e
        LEFT JOIN countersign.portals p USING (portal_id) LEFT JOIN countersign.apps a USING (app_id)
        ORDER BY e.event_id DESC
        """)

    package static let speakAs = Statement(
        "console.speak_as", "SELECT set_config('countersign.operator', $1, false)")

    package static let isAdministrator = Statement(
        "console.is_administrator", "SELECT pg_has_role(session_user, 'countersign_admin', 'MEMBER')")

    package static var all: [Statement] {
        [HistoryPoint.statement, failures, events, speakAs, isAdministrator, DatabaseFigures.statement]
    }
}
