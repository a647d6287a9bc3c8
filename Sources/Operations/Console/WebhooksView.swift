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
            let (id, isDead) = (try row.identifier(0), try row.text(2) == "dead")
            return [
                "id": "\(id)", "portal": try row.text(1), "dead": isDead,
                "forms": frame.forms(on: .delivery(id, isDead: isDead)),
                "attempts": try row.int(3), "last": shown(try row.optionalTimestamp(4)), "answer": answer,
                "next": shown(try row.optionalTimestamp(7)),
            ]
        }
        return [
            "failures": failures, "hasFailures": !failures.isEmpty,
            "replay": frame.forms(on: .deliveries(portals: portals)),
        ]
    }
}
