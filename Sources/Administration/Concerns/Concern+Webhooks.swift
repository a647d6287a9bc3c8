package import Postgres

/// What went wrong outside: deliveries that were given up, and receivers that fail.
extension Concern {
    package static func webhooks(_ connection: inout Connection) async throws -> [Concern] {
        let (dead, breakers) = try await connection.pipeline(FindDeadReceivers(), FindOpenBreakers()).results
        return try dead.all().map(died) + breakers.all().map(tripped)
    }

    private static func died(_ receiver: FindDeadReceivers.Output) -> Concern {
        Concern(
            "Dead webhooks", "\(receiver.portal) at \(receiver.origin)",
            size: "\(receiver.count)\(receiver.isCut ? " or more" : "") not delivered", since: receiver.last,
            advice: receiver.reason.map { "The last one: \($0)." } ?? "",
            remedy: .action(
                ReplayWebhooks.self,
                .deadDeliveries(
                    portal: receiver.portal, receiver: receiver.origin, count: receiver.count,
                    since: receiver.first)))
    }

    private static func tripped(_ breaker: FindOpenBreakers.Output) -> Concern {
        Concern(
            "Open breaker", "\(breaker.portal) at \(breaker.origin)",
            size: "\(breaker.waiting)\(breaker.waiting > 1_000 ? " or more" : "") waiting",
            since: breaker.failingSince,
            advice:
                "Its receiver fails (\(breaker.reason ?? "no answer")): it is asked again by itself, and what waits "
                + "longer than half an hour dies.", remedy: .page("webhooks"))
    }
}

/// What died within a week, by portal and receiver: of each portal the last thousand. Each costs a look at its delivery.
struct FindDeadReceivers: PreparedStatement {
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
    }

    static let statement = Statement(
        "concern.dead_receivers",
        """
        SELECT p.name AS portal, g.origin, g.count, g.is_cut, g.first, g.last,
               coalesce(a.detail, 'it answered ' || a.status_code, a.error_class) AS reason
        FROM (SELECT x.portal_id, x.origin, count(*) AS count, bool_or(x.nth = 1000) AS is_cut, min(x.died_at) AS first,
                     max(x.died_at) AS last, (array_agg(x.transaction_id ORDER BY x.died_at DESC))[1] AS newest
              FROM (SELECT f.*, coalesce((SELECT \(ReplayWebhooks.origin) FROM countersign.webhook_deliveries d
                                          WHERE d.transaction_id = f.transaction_id), '?') AS origin
                    FROM countersign.portals p CROSS JOIN LATERAL (
                        SELECT l.portal_id, l.transaction_id, l.died_at, row_number() OVER (ORDER BY l.died_at DESC) AS nth
                        FROM countersign.dead_deliveries l
                        WHERE l.portal_id = p.portal_id AND l.died_at > clock_timestamp() - interval '7 days'
                        ORDER BY l.died_at DESC LIMIT 1000) AS f LIMIT 10000) AS x
              GROUP BY x.portal_id, x.origin ORDER BY count(*) DESC LIMIT 50) AS g
        JOIN countersign.portals p USING (portal_id)
        LEFT JOIN LATERAL (SELECT t.status_code, t.error_class, t.detail FROM countersign.webhook_tries t
                           WHERE t.transaction_id = g.newest ORDER BY t.attempt DESC LIMIT 1) AS a ON true
        ORDER BY g.count DESC, p.name, g.origin
        """)

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            portal: try row.text("portal"), origin: try row.text("origin"), count: try row.int("count"),
            isCut: try row.bool("is_cut"), first: try row.timestamp("first"), last: try row.timestamp("last"),
            reason: try row.optionalText("reason"))
    }
}

/// Receivers that get nothing for now, with what waits for each, counted to just over a thousand.
struct FindOpenBreakers: PreparedStatement {
    struct Output: Sendable {
        let portal: String
        let origin: String
        let failingSince: Timestamp?
        let reason: String?
        let waiting: Int
    }

    static let statement = Statement(
        "concern.open_breakers",
        """
        SELECT p.name AS portal, e.origin, e.failing_since, e.reason,
               (SELECT count(*) FROM (SELECT FROM countersign.dispatch_queue q
                                      WHERE q.portal_id = e.portal_id AND q.origin = e.origin LIMIT 1001) AS w) AS waiting
        FROM countersign.webhook_endpoints e JOIN countersign.portals p USING (portal_id)
        WHERE e.state <> 'closed' ORDER BY e.failing_since, p.name, e.origin LIMIT 50
        """)

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(
            portal: try row.text("portal"), origin: try row.text("origin"),
            failingSince: try row.optionalTimestamp("failing_since"), reason: try row.optionalText("reason"),
            waiting: try row.int("waiting"))
    }
}
