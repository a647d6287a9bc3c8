import Administration
import Postgres

/// Deliveries that failed, and sending them again.
enum WebhooksView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let portals = frame.isAdmin ? try await Portal.list(&connection).map(\.name) : []
        let failures = try await connection.run(FindFailedWebhooks()).all().map { webhook -> [String: Any] in
            let answer = webhook.statusCode.map { "\($0)" } ?? webhook.errorClass ?? "-"
            return [
                "id": "\(webhook.id)", "portal": webhook.portal, "dead": webhook.isDead,
                "forms": frame.forms(on: .delivery(webhook.id, isDead: webhook.isDead)),
                "attempts": webhook.attempts, "last": shown(webhook.lastAttempt), "answer": answer,
                "next": shown(webhook.nextAttempt),
            ]
        }
        return [
            "failures": failures, "hasFailures": !failures.isEmpty,
            "replay": frame.forms(on: .deliveries(portals: portals)),
        ]
    }
}
