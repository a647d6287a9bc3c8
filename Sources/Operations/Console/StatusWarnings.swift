import Administration
import Countersign
import Engine

/// What the first page says before anything else: each a sentence and the page that deals with it.
enum StatusWarnings {
    static func list(
        _ status: SystemStatus, _ portals: [Portal], _ settings: Settings
    ) -> [[String: String]] {
        let worked = Set(status.workers.filter { !$0.isDraining }.flatMap(\.stages))
        let idle = StageName.allCases.map(\.rawValue).filter { !worked.contains($0) }
        let off = Settings.Name.allCases.filter { settings.values[$0] == false && $0 != .uniqueKeys }
        let found: [(String, [String], ConsolePage)] = [
            ("Paused stage", status.pausedStages, .queues),
            ("Paused portal", portals.filter(\.isPaused).map(\.name), .portals),
            ("Disabled portal", portals.filter { !$0.isEnabled }.map(\.name), .portals),
            ("Portal over its limit", portals.filter(\.isOverLimit).map(\.name), .portals),
            ("Stage without a worker", idle, .queues), ("Switched off", off.map(\.rawValue), .settings),
        ]
        return found.filter { !$0.1.isEmpty }.map { what, names, page in
            let shown = names.prefix(10).joined(separator: ", ")
            let rest = names.count > 10 ? " and \(names.count - 10) more" : ""
            return ["what": what, "names": shown + rest, "address": "/console/\(page.rawValue)"]
        }
    }
}
