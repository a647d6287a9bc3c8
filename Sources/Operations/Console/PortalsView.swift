import Administration
import Countersign
import Postgres

/// Portals, and what an operator may do to them.
enum PortalsView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let portals = try await Portal.list(&connection).map { portal -> [String: Any] in
            [
                "name": portal.name, "display": portal.displayName, "login": portal.login,
                "disabled": !portal.isEnabled, "paused": portal.isPaused, "over": portal.isOverLimit,
                "fine": portal.isEnabled && !portal.isPaused && !portal.isOverLimit,
                "limit": grouped(portal.maxOpenRequests),
                "requests": ConsolePlace(.requests, ["portal": portal.name]).address,
                "webhooks": ConsolePlace(.webhooks, ["portal": portal.name]).address,
                "events": ConsolePlace(.events, ["portal": portal.name]).address,
                "forms": frame.forms(on: .portal(portal)),
            ]
        }
        return ["portals": portals, "hasPortals": !portals.isEmpty]
    }
}
