package import Countersign
package import Postgres

/// Ends requests whose time has come, within 200 ms when idle: it sleeps until the earliest due time. It needs
/// no bell, because no request is due sooner than 30 s after its insert and the poll comes every second.
package struct ExpireStage: Stage {
    package let name = StageName.expire
    package let repair: (any Repair)? = nil
    /// Due time of the last row ended while batches come back full: a look from the beginning walks over all
    /// that ended since the oldest snapshot.
    private var after: Timestamp?
    /// When requests of all days are looked at the next time: only an outage leaves some of them open.
    private var nextOfAnyDay = ContinuousClock.now

    package init() {}

    package mutating func lookAtEverything() { after = nil }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let days = nextOfAnyDay <= .now ? Days.any : .recent
        let (ahead, result) = try await connection.pipeline(
            after: prelude, EndDueRequests(after: after, limit: limit, days: days))
        let batch = try result.one()
        let full = batch.claimed >= limit
        if days == .any, !full { nextOfAnyDay = .now + .seconds(60) }
        after = full ? batch.lastDue : nil
        var outcome = BatchOutcome(rows: batch.ended, full: full, due: batch.untilNext)
        outcome.subjects = LogSubjects(key: "transaction_id", ids: batch.subjects)
        return (ahead, outcome)
    }
}

/// Ends requests that are due, the earliest first, and tells when the next one will be. With the switch off every
/// open request is due.
struct EndDueRequests: StatementForDays {
    /// Lower bound of due times.
    let after: Timestamp?
    /// Rows at most.
    let limit: Int
    let days: Days

    struct Output {
        let claimed: Int
        /// Of the claimed.
        let ended: Int
        let lastDue: Timestamp?
        /// Until the next row is due.
        let untilNext: Duration?
        /// Some of the claimed, for the log.
        let subjects: [Identifier]
    }

    var parameters: [Parameter] { [Parameter(after), .int32(Int32(limit))] }

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            claimed: try row.int("claimed"), ended: try row.int("ended"),
            lastDue: try row.optionalTimestamp("last_due"),
            untilNext: try row.optionalInt("until_next").map { .microseconds($0) },
            subjects: try row.optionalIdentifiers("subjects") ?? [])
    }

    static let recent = Statement("expire.batch", sql(.recent))
    static let any = Statement("expire.batch_of_any_day", sql(.any))

    private static func sql(_ days: Days) -> String {
        """
        WITH moment AS MATERIALIZED (
            SELECT CASE WHEN mobile_authentication_enabled THEN clock_timestamp()
                        ELSE 'infinity'::timestamptz END AS due FROM countersign.settings
        ), claimed AS MATERIALIZED (
            SELECT r.transaction_id, r.open_until FROM countersign.auth_requests r
            WHERE r.open_until <= (SELECT due FROM moment)
              AND r.open_until >= coalesce($1::timestamptz, '-infinity'::timestamptz)\(days.condition("r.transaction_id"))
            ORDER BY r.open_until LIMIT $2 FOR UPDATE SKIP LOCKED
        ), ended AS MATERIALIZED (
            SELECT count(ended.*) AS rows
            FROM (SELECT array_agg(transaction_id) AS ids FROM claimed HAVING count(*) > 0) AS batch,
                 countersign.end_requests(batch.ids, array_fill('expired'::text, ARRAY[cardinality(batch.ids)]))
                     AS ended
        )
        SELECT (SELECT count(*) FROM claimed) AS claimed, (SELECT rows FROM ended) AS ended,
               (SELECT max(open_until) FROM claimed) AS last_due,
               (SELECT greatest(0, date_part('epoch', r.open_until - clock_timestamp()) * 1000000)::bigint
                FROM countersign.auth_requests r
                WHERE r.open_until > (SELECT due FROM moment)\(days.condition("r.transaction_id")) ORDER BY r.open_until LIMIT 1)
                   AS until_next,
               (SELECT array_agg(transaction_id)
                FROM (SELECT transaction_id FROM claimed LIMIT \(LogSubjects.most + 1)) AS named) AS subjects
        """
    }
}
