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

    package init() {}

    package mutating func lookAtEverything() { after = nil }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let step = Step(
            Self.expireBatch, [after.map { .timestamp($0) } ?? .null, .int32(Int32(limit))])
        let results = try await connection.pipeline(prelude + [step])
        guard let row = results[prelude.count].first else { return (results, BatchOutcome()) }
        let claimed = Int(try row.int(0))
        let full = claimed >= limit
        after = full ? try row.optionalTimestamp(2) : nil
        let due = try row.optionalInt(3).map { Duration.microseconds($0) }
        var outcome = BatchOutcome(rows: Int(try row.int(1)), full: full, due: due)
        if claimed > 0 { outcome.subjects = LogSubjects(key: "transaction_id", ids: try row.identifiers(4)) }
        return (Array(results.dropLast()), outcome)
    }

    /// $1 lower bound of due times or NULL, $2 rows at most. Columns: claimed, ended, last due time, microseconds
    /// until the next due row, some of the claimed for the log. With the switch off every open request is due.
    package static let expireBatch = Statement(
        "expire.batch",
        """
        WITH moment AS MATERIALIZED (
            SELECT CASE WHEN mobile_authentication_enabled THEN clock_timestamp()
                        ELSE 'infinity'::timestamptz END AS due FROM countersign.settings
        ), claimed AS MATERIALIZED (
            SELECT r.transaction_id, r.open_until FROM countersign.auth_requests r
            WHERE r.open_until <= (SELECT due FROM moment)
              AND r.open_until >= coalesce($1::timestamptz, '-infinity'::timestamptz)
            ORDER BY r.open_until LIMIT $2 FOR UPDATE SKIP LOCKED
        ), ended AS MATERIALIZED (
            SELECT count(ended.*) AS rows
            FROM (SELECT array_agg(transaction_id) AS ids FROM claimed HAVING count(*) > 0) AS batch,
                 countersign.end_requests(batch.ids, array_fill('expired'::text, ARRAY[cardinality(batch.ids)]))
                     AS ended
        )
        SELECT (SELECT count(*) FROM claimed), (SELECT rows FROM ended), (SELECT max(open_until) FROM claimed),
               (SELECT greatest(0, date_part('epoch', r.open_until - clock_timestamp()) * 1000000)::bigint
                FROM countersign.auth_requests r
                WHERE r.open_until > (SELECT due FROM moment) ORDER BY r.open_until LIMIT 1),
               (SELECT array_agg(transaction_id)
                FROM (SELECT transaction_id FROM claimed LIMIT \(LogSubjects.most + 1)) AS named)
        """)
}
