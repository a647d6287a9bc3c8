import Countersign
import Postgres

/// What the first page shows: queues with the last hour, and workers.
enum QueuesView {
    static func content(_ connection: inout Connection) async throws -> [String: Any] {
        let status = try await SystemStatus.read(&connection)
        let controls = try await StageControl.list(&connection)
        let history = Dictionary(grouping: try await HistoryPoint.lastHour(&connection), by: \.stage)
        let queues = status.queues.map { queue -> [String: Any] in
            let control = controls.first { $0.stage == queue.stage }
            let line = Sparkline((history[queue.stage] ?? []).map(\.done))
            return [
                "stage": queue.stage, "waiting": (queue.isEstimate ? "~" : "") + "\(queue.waiting)",
                "oldest": queue.oldest.map { age($0, status.time) } ?? "-", "flight": queue.inFlight,
                "done": queue.doneLastMinute, "batch": control?.batchSize.map { "\($0)" } ?? "default",
                "paused": control?.isPaused ?? false, "points": line.points, "spoken": line.spoken,
            ]
        }
        let workers = status.workers.map { worker -> [String: Any] in
            [
                "id": "\(worker.id)", "host": worker.host, "process": worker.processID,
                "program": worker.program,
                "up": age(worker.startedAt, status.time), "heartbeat": age(worker.heartbeatAt, status.time),
                "errors": worker.errors, "stages": worker.stages.joined(separator: ", "),
                "draining": worker.isDraining,
            ]
        }
        return ["queues": queues, "workers": workers, "hasWorkers": !workers.isEmpty]
    }
}

enum PortalsView {
    static func content(_ connection: inout Connection) async throws -> [String: Any] {
        let portals = try await Portal.list(&connection).map { portal -> [String: Any] in
            [
                "name": portal.name, "display": portal.displayName, "login": portal.login,
                "disabled": !portal.isEnabled, "paused": portal.isPaused, "over": portal.isOverLimit,
                "limit": portal.maxOpenRequests,
            ]
        }
        return ["portals": portals, "hasPortals": !portals.isEmpty]
    }
}

enum SettingsView {
    static func content(_ connection: inout Connection) async throws -> [String: Any] {
        let settings = try await Settings.read(&connection)
        let types = try await AuthenticationType.list(&connection).map { type -> [String: Any] in
            [
                "name": type.name, "method": type.method, "expires": type.requestExpiresIn.components.seconds,
                "messages": type.messages.map { "\($0.language): \($0.text)" }.joined(separator: "; "),
            ]
        }
        let callbacks = try await Callback.list(portal: nil, &connection).map { callback -> [String: Any] in
            ["portal": callback.portal, "url": callback.url, "user": callback.username ?? "none"]
        }
        let levels = try await LogLevel.list(&connection).map { ["module": $0.module, "level": $0.level] }
        return [
            "settings": Settings.Name.allCases.map { name -> [String: Any] in
                ["name": name.rawValue, "on": settings.values[name] ?? false]
            }, "types": types, "callbacks": callbacks, "levels": levels,
        ]
    }
}

/// How long ago, in one unit or two.
func age(_ time: Timestamp, _ now: Timestamp) -> String {
    let seconds = max(0, Int(time.duration(to: now) / .seconds(1)))
    return switch seconds {
    case ..<60: "\(seconds) s"
    case ..<3_600: "\(seconds / 60) min \(seconds % 60) s"
    case ..<86_400: "\(seconds / 3_600) h \(seconds / 60 % 60) min"
    default: "\(seconds / 86_400) d \(seconds / 3_600 % 24) h"
    }
}

/// Rows done in each minute of the last hour, as a line 120 wide and 24 high.
struct Sparkline {
    let points: String
    /// For those who do not see it.
    let spoken: String

    init(_ values: [Int]) {
        let most = max(1, values.max() ?? 0)
        let step = 120.0 / Double(max(1, values.count - 1))
        points = values.enumerated().map { place, value in
            "\((Double(place) * step * 10).rounded() / 10),\(23 - value * 22 / most)"
        }.joined(separator: " ")
        spoken =
            values.isEmpty
            ? "no figures yet"
            : "rows a minute: \(values.last ?? 0) now, at most \(values.max() ?? 0) in the last hour"
    }
}
