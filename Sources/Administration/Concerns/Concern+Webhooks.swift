import Postgres

/// What went wrong outside: deliveries that were given up, and receivers that fail.
extension Concern {
    static func webhooks(
        _ dead: [FindDeadReceivers.Output], _ breakers: [FindOpenBreakers.Output]
    ) -> [Concern] {
        dead.map(died) + breakers.map(tripped)
    }

    private static func died(_ receiver: FindDeadReceivers.Output) -> Concern {
        Concern(
            "Dead webhooks", "\(receiver.portal) at \(receiver.origin)",
            size: "\(receiver.count)\(receiver.isCut ? " or more" : "") not delivered", since: receiver.last,
            advice: (receiver.reason.map { "The last one: \($0). " } ?? "")
                + (receiver.isRefused
                    ? "It is the workers' own rules that refuse the address, and they refuse a replay as well. "
                        + "Once they allow it"
                    : "Once the receiver works again")
                + ", replay them: each goes out with the same webhook-id.",
            remedy: .action(
                ReplayWebhooks.self,
                .deadDeliveries(
                    portal: receiver.portal, receiver: receiver.origin, count: receiver.count,
                    since: receiver.first)))
    }

    private static func tripped(_ breaker: FindOpenBreakers.Output) -> Concern {
        Concern(
            "Open breaker", "\(breaker.portal) at \(breaker.origin)",
            size: breaker.waiting == 0
                ? "" : "\(breaker.waiting)\(breaker.waiting > 1_000 ? " or more" : "") waiting",
            since: breaker.failingSince,
            advice:
                "Portal \(breaker.portal) is not told how sign-ins end: its receiver fails (\(breaker.reason ?? "no answer")). "
                + "It is asked again by itself, and what waits longer than half an hour dies.",
            remedy: .page("webhooks"))
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
