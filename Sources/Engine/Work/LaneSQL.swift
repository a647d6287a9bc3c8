/// The SQL that goes from lane to lane of a queue, in the order of its index: one descent of the index finds the
/// first row of the next lane, however many rows the lanes have. A lane is whose rows compete with those of others.
package enum LaneSQL {
    /// One descent: the first row of the queue `q` under those conditions.
    private static func firstRow(
        of table: String, _ columns: [String], where conditions: [String] = []
    ) -> String {
        let columns = columns.map { "q." + $0 }.joined(separator: ", ")
        let filter = conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))"
        return "SELECT \(columns) FROM \(table) q \(filter) ORDER BY \(columns) LIMIT 1"
    }

    /// CTEs `skipped` and `lanes (lane, after, slice)`, where a lane is a portal or an app. $1 known lanes, $2
    /// positions in them, $4 rows at most, $5 rows of one lane or NULL.
    ///
    /// Lanes with rows: between two known lanes whatever the index holds, and the known ones with their positions.
    /// `slice` is the same in each row.
    static func lanes(of claim: Claim) -> String {
        let next = firstRow(
            of: claim.table, [claim.lane],
            where: [
                "q.\(claim.lane) > skipped.lane",
                "q.\(claim.lane) < coalesce(($1::integer[])[skipped.known + 1], 2147483647)", claim.condition,
            ])
        return """
            skipped (lane, after, known) AS (
                SELECT 0, NULL::uuid, 0
                UNION ALL
                SELECT coalesce(gap.lane, ($1::integer[])[skipped.known + 1]),
                       CASE WHEN gap.lane IS NULL THEN ($2::uuid[])[skipped.known + 1]
                            ELSE '00000000-0000-0000-0000-000000000000' END,
                       CASE WHEN gap.lane IS NULL THEN skipped.known + 1 ELSE skipped.known END
                FROM skipped LEFT JOIN LATERAL (\(next)) AS gap (lane) ON true
                WHERE gap.lane IS NOT NULL OR skipped.known < cardinality($1::integer[])
            ), lanes AS MATERIALIZED (
                SELECT lane, after, coalesce($5::integer, greatest(1, $4 / count(*) OVER ())::integer) AS slice
                FROM skipped AS lanes WHERE lane > 0 AND \(claim.gate)
            )
            """
    }

    /// CTE `lanes (portal_id, origin, due_at, nth)` of the deliveries, where a lane is an endpoint of a portal; with
    /// its first row's time. No more than 1,024 endpoints of one portal, so that nobody can make everybody's claims
    /// long; the rest have their turn when some of those are done.
    package static var endpoints: String {
        let (table, columns) = ("countersign.dispatch_queue", ["portal_id", "origin", "due_at"])
        // Every origin begins with http, so 'i' is after them.
        let next = firstRow(
            of: table, columns,
            where: [
                "(q.portal_id, q.origin) "
                    + "> (lanes.portal_id, CASE WHEN lanes.nth < 1024 THEN lanes.origin ELSE 'i' END)"
            ])
        return """
            lanes (portal_id, origin, due_at, nth) AS (
                SELECT beginning.*, 1 FROM (\(firstRow(of: table, columns))) AS beginning
                UNION ALL
                SELECT following.portal_id, following.origin, following.due_at,
                       CASE WHEN following.portal_id = lanes.portal_id THEN lanes.nth + 1 ELSE 1 END
                FROM lanes CROSS JOIN LATERAL (\(next)) AS following
            )
            """
    }
}
