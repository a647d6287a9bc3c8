import Administration
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
                "limit": portal.maxOpenRequests, "forms": forms(portal, frame),
            ]
        }
        return ["portals": portals, "hasPortals": !portals.isEmpty]
    }

    private static func forms(_ portal: Portal, _ frame: PageFrame) -> [[String: Any]] {
        let (name, object) = (portal.name, "portal \(portal.name)")
        return frame.forms(
            portal.isPaused
                ? ConsoleForm(.resumePortal, "Resume", object, name: name)
                : ConsoleForm(.pausePortal, "Pause", object, name: name),
            portal.isEnabled
                ? ConsoleForm(
                    .disablePortal, "Disable", object, name: name,
                    warning:
                        "Its new requests are refused (CS008) and its webhooks wait, until it is enabled.")
                : ConsoleForm(.enablePortal, "Enable", object, name: name),
            ConsoleForm(
                .limitPortal, "Set", "limit of open requests of \(name)", name: name,
                [.init(name: "value", caption: "Limit", value: "\(portal.maxOpenRequests)", size: 9)]))
    }
}
