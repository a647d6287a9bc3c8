import Countersign
import Postgres

/// The end of the audit trail.
enum EventsView {
    /// Who did it is for administrators, as for members of countersign_admin on the command line.
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let events = try await connection.run(FindEvents()).all().map { event -> [String: Any] in
            var content: [String: Any] = [
                "at": shown(event.at), "type": event.type, "actor": frame.isAdmin ? event.actor : "",
                "of": event.subject ?? "",
            ]
            content["id"] = event.transaction.map { "\($0)" }
            return content
        }
        return ["events": events, "hasEvents": !events.isEmpty]
    }
}
