import Administration
import Postgres

/// Deliveries that failed, and sending them again.
enum WebhooksView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let portals = frame.isAdmin ? try await Portal.list(&connection).map(\.name) : []
        let failures = try await connection.run(ConsoleQueries.failures).map { row -> [String: Any] in
            let answer = try row.optionalInt(5).map { "\($0)" } ?? row.optionalText(6) ?? "-"
            let id = "\(try row.identifier(0))"
            let isDead = try row.text(2) == "dead"
            return [
                "id": id, "portal": try row.text(1), "dead": isDead,
                "forms": frame.forms(
                    ConsoleForm(.sendWebhook, isDead ? "Replay" : "Retry now", "webhook of \(id)", name: id)),
                "attempts": try row.int(3), "last": shown(try row.optionalTimestamp(4)), "answer": answer,
                "next": shown(try row.optionalTimestamp(7)),
            ]
        }
        let replay = ConsoleForm(
            .replayWebhooks, "Replay all", "dead webhooks of a portal",
            [
                .init(name: "name", caption: "Portal", kind: .choice(portals)),
                .init(name: "value", caption: "Dead since", value: "1h", hint: "15m", size: 20),
            ])
        return [
            "failures": failures, "hasFailures": !failures.isEmpty,
            "replay": portals.isEmpty ? [] : frame.forms(replay),
        ]
    }
}
