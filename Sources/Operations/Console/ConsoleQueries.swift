package import Postgres

/// One minute of one stage.
package struct HistoryPoint: Sendable, Hashable {
    package let stage: String
    package let waiting: Int
    package let done: Int

    /// Minute by minute, the oldest first.
    package static func lastHour(_ connection: inout Connection) async throws -> [HistoryPoint] {
        try await connection.run(statement).map { row in
            HistoryPoint(stage: try row.text(0), waiting: try row.int(1), done: try row.int(2))
        }
    }

    package static let statement = Statement(
        "console.history",
        """
        SELECT stage, waiting, done FROM countersign.queue_history
        WHERE minute > clock_timestamp() - interval '1 hour' ORDER BY minute
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
        SELECT e.occurred_at, e.type, e.actor, coalesce(p.name, a.name), e.transaction_id
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

enum WebhooksView {
    static func content(_ connection: inout Connection) async throws -> [String: Any] {
        let failures = try await connection.run(ConsoleQueries.failures).map { row -> [String: Any] in
            let answer = try row.optionalInt(5).map { "\($0)" } ?? row.optionalText(6) ?? "-"
            return [
                "id": "\(try row.identifier(0))", "portal": try row.text(1),
                "dead": try row.text(2) == "dead",
                "attempts": try row.int(3), "last": shown(try row.optionalTimestamp(4)), "answer": answer,
                "next": shown(try row.optionalTimestamp(7)),
            ]
        }
        return ["failures": failures, "hasFailures": !failures.isEmpty]
    }
}

enum EventsView {
    static func content(_ connection: inout Connection) async throws -> [String: Any] {
        let events = try await connection.run(ConsoleQueries.events).map { row -> [String: Any] in
            var event: [String: Any] = [
                "at": shown(try row.timestamp(0)), "type": try row.text(1), "actor": try row.text(2),
                "of": try row.optionalText(3) ?? "",
            ]
            event["id"] = try row.optionalIdentifier(4).map { "\($0)" }
            return event
        }
        return ["events": events]
    }
}

/// RFC 3339, cut to the second.
func shown(_ time: Timestamp?) -> String { time.map { $0.description.prefix(19) + "Z" } ?? "-" }
