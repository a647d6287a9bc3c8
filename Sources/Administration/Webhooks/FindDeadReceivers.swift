import Postgres

/// What died within a week, by portal and receiver: of each portal the last thousand. Each costs a look at its delivery.
struct FindDeadReceivers: PreparedStatement {
    /// Nil is all portals.
    let portalID: Int32?

    struct Output: Sendable {
        let portal: String
        let origin: String
        let count: Int
        /// There are more than were looked at.
        let isCut: Bool
        let first: Timestamp
        let last: Timestamp
        /// Of the last one.
        let reason: String?
        /// By the workers' own rules, not by the receiver.
        let isRefused: Bool
    }

    static let statement = Statement(
        "concern.dead_receivers",
        """
        SELECT p.name AS portal, g.origin, g.count, g.is_cut, g.first, g.last,
               coalesce(a.detail, 'it answered ' || a.status_code, a.error_class) AS reason,
               coalesce(a.error_class = 'address', false) AS is_refused
        FROM (SELECT x.portal_id, x.origin, count(*) AS count, bool_or(x.nth = 1000) AS is_cut, min(x.died_at) AS first,
                     max(x.died_at) AS last, (array_agg(x.transaction_id ORDER BY x.died_at DESC))[1] AS newest
              FROM (SELECT f.*, coalesce((SELECT \(ReplayWebhooks.origin) FROM countersign.webhook_deliveries d
                                          WHERE d.transaction_id = f.transaction_id), '?') AS origin
                    FROM (SELECT portal_id, name FROM countersign.portals WHERE $1::integer IS NULL OR portal_id = $1) AS p
                    CROSS JOIN LATERAL (
                        SELECT l.portal_id, l.transaction_id, l.died_at, row_number() OVER (ORDER BY l.died_at DESC) AS nth
                        FROM countersign.dead_deliveries l
                        WHERE l.portal_id = p.portal_id AND l.died_at > (SELECT clock_timestamp() - interval '7 days')
                        ORDER BY l.died_at DESC LIMIT 1000) AS f LIMIT 10000) AS x
              GROUP BY x.portal_id, x.origin ORDER BY count(*) DESC LIMIT 50) AS g
        JOIN countersign.portals p USING (portal_id)
        LEFT JOIN LATERAL (SELECT t.status_code, t.error_class, t.detail FROM countersign.webhook_tries t
                           WHERE t.transaction_id = g.newest ORDER BY t.attempt DESC LIMIT 1) AS a ON true
        ORDER BY g.count DESC, p.name, g.origin
        """)
    var parameters: [Parameter] { [portalID.map { .int32($0) } ?? .null] }

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            portal: try row.text("portal"), origin: try row.text("origin"), count: try row.int("count"),
            isCut: try row.bool("is_cut"), first: try row.timestamp("first"), last: try row.timestamp("last"),
            reason: try row.optionalText("reason"), isRefused: try row.bool("is_refused"))
    }
}
