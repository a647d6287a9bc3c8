import Countersign
import Postgres

/// The end of the audit trail.
enum EventsView {
    /// Who did it is for administrators, as for members of countersign_admin on the command line.
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let events = try await connection.run(ConsoleQueries.events).map { row -> [String: Any] in
            var event: [String: Any] = [
                "at": shown(try row.timestamp(0)), "type": try row.text(1),
                "actor": frame.isAdmin ? try row.text(2) : "",
                "of": try row.optionalText(3) ?? "",
            ]
            event["id"] = try row.optionalIdentifier(4).map { "\($0)" }
            return event
        }
        return ["events": events, "hasEvents": !events.isEmpty]
    }
}
