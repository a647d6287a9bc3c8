import Administration
package import Postgres

/// Every statement of this module, which the tests prepare against the migrated schema.
package enum ConsoleStatements {
    package static let all: [any StatementFamily.Type] = [
        ReadHistory.self, ReadReplayed.self, SpeakAs.self,
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
        FROM (SELECT clock_timestamp() AS moment) AS now CROSS JOIN countersign.stage_controls s
        CROSS JOIN LATERAL (
            SELECT q.stage, q.minute, q.done FROM countersign.queue_history q
            WHERE q.unit = 'minute' AND q.stage = s.stage AND q.minute > now.moment - interval '1 hour'
              AND q.minute <= now.moment ORDER BY q.minute) AS h
        ORDER BY h.minute
        """)
    static func decode(_ row: inout RowReader) throws -> HistoryPoint {
        HistoryPoint(
            stage: try row.text("stage"), minutesAgo: try row.int("minutes_ago"), done: try row.int("done"))
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
