import Administration
package import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
package enum ConsoleStatements {
    package static let all: [any StatementFamily.Type] = [
        FindEvents.self, ReadHistory.self, SpeakAs.self,
    ]
}

/// One minute of one stage.
package struct HistoryPoint: Sendable, Hashable {
    package let stage: String
    /// 0 to 59.
    package let minutesAgo: Int
    package let done: Int

    /// Minute by minute, the oldest first.
    package static func lastHour(_ connection: inout Connection) async throws -> [HistoryPoint] {
        try await connection.run(ReadHistory()).all()
    }
}

struct ReadHistory: PreparedStatement {
    static let statement = Statement(
        "console.history",
        """
        SELECT h.stage, extract(epoch FROM date_trunc('minute', now.moment) - h.minute)::integer / 60 AS minutes_ago,
               h.done
        FROM (SELECT clock_timestamp() AS moment) AS now
        JOIN countersign.queue_history h
            ON h.unit = 'minute' AND h.minute > now.moment - interval '1 hour' AND h.minute <= now.moment
        ORDER BY h.minute
        """)
    static func decode(_ row: inout RowReader) throws -> HistoryPoint {
        HistoryPoint(
            stage: try row.text("stage"), minutesAgo: try row.int("minutes_ago"), done: try row.int("done"))
    }
}

/// The end of the audit trail, the newest first.
struct FindEvents: PreparedStatement {
    struct Output {
        let at: Timestamp
        let type: String
        let actor: String
        /// The portal or the app.
        let subject: String?
        let transaction: Identifier?
    }

    static let statement = Statement(
        "console.events",
        """
        SELECT e.occurred_at, e.type, \(AuditEvent.actor) AS actor, coalesce(p.name, a.name) AS subject, e.transaction_id
        FROM (SELECT * FROM countersign.events ORDER BY event_id DESC LIMIT 100) AS e
        LEFT JOIN countersign.portals p USING (portal_id) LEFT JOIN countersign.apps a USING (app_id)
        ORDER BY e.event_id DESC
        """)
    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            at: try row.timestamp("occurred_at"), type: try row.text("type"), actor: try row.text("actor"),
            subject: try row.optionalText("subject"),
            transaction: try row.optionalIdentifier("transaction_id"))
    }
}

/// Names who acts, for the audit.
struct SpeakAs: PreparedStatement {
    /// `console:alice`.
    let actor: String

    static let statement = Statement(
        "console.speak_as", "SELECT set_config('countersign.operator', $1, false) AS actor")
    var parameters: [Parameter] { [.text(actor)] }
    static func decode(_ row: inout RowReader) throws -> String { try row.text("actor") }
}
