import Administration
import Countersign
import Postgres

/// Portals, and what an operator may do to them.
enum PortalsView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let (listed, limits, clock) = try await connection.pipeline(
            ListPortals(), FindReachedLimits(), ReadClock()
        ).results
        let now = try clock.one().time
        let reached = Dictionary(uniqueKeysWithValues: try limits.all().map { ($0.portalID, $0) })
        let portals = try listed.all().map { portal -> [String: Any] in
            [
                "name": portal.name, "display": portal.displayName, "login": portal.login,
                "disabled": !portal.isEnabled, "paused": portal.pause.map { shown($0, now) } ?? false,
                "over": portal.isOverLimit,
                "fine": portal.isEnabled && !portal.isPaused && !portal.isOverLimit,
                "limit": grouped(portal.maxOpenRequests),
                "starts": portal.maxStartsPerSource.map { grouped($0) } ?? "",
                "reached": reached[portal.id].map { words($0, now) } ?? [],
                "requests": ConsolePlace(.requests, ["portal": portal.name]).address,
                "webhooks": ConsolePlace(.webhooks, ["portal": portal.name]).address,
                "events": ConsolePlace(.events, ["portal": portal.name]).address,
                "forms": frame.forms(on: .portal(portal)),
            ].withoutEmptyTexts
        }
        return ["portals": portals, "hasPortals": !portals.isEmpty]
    }

    /// What of the last hour, by limit.
    private static func words(_ reached: ReachedLimits, _ now: Timestamp) -> [[String: Any]] {
        var words: [[String: Any]] = []
        if reached.minutesOver > 0 {
            words.append(["what": "open requests", "times": "in \(minutes(reached.minutesOver))"])
        }
        if let last = reached.lastOfNetworks {
            let networks = reached.networks == 1 ? "1 network" : "up to \(reached.networks) networks"
            words.append([
                "what": networks, "times": "in \(minutes(reached.minutesOfNetworks))",
                "last": moment(last, now),
            ])
        }
        return words
    }

    private static func minutes(_ count: Int) -> String { count == 1 ? "1 minute" : "\(count) minutes" }
}
