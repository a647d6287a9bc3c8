import Administration
import Countersign
import Engine
import Postgres

/// Queues with the last hour.
enum QueuesView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let status = try await SystemStatus.read(&connection)
        let attention = attention(
            Concern.all(in: status, try await Portal.list(&connection), try await Settings.read(&connection)))
        let history = Dictionary(grouping: try await HistoryPoint.lastHour(&connection), by: \.stage)
        let queues = status.queues.map { queue -> [String: Any] in
            let control = status.controls.first { $0.stage == queue.stage }
            return row(queue, control, Sparkline(history[queue.stage] ?? []), status.time, frame)
        }
        return ["attention": attention, "hasAttention": !attention.isEmpty, "queues": queues]
    }

    /// By kind, with the names of what it is about.
    private static func attention(_ concerns: [Concern]) -> [[String: String]] {
        var kinds: [(what: String, names: [String])] = []
        for concern in concerns {
            if let place = kinds.firstIndex(where: { $0.what == concern.what }) {
                kinds[place].names.append(concern.whom)
            } else {
                kinds.append((concern.what, [concern.whom]))
            }
        }
        return kinds.map { what, names in
            let shown = names.prefix(10).joined(separator: ", ")
            return [
                "what": what, "names": names.count > 10 ? "\(shown) and \(names.count - 10) more" : shown,
            ]
        }
    }

    private static func row(
        _ queue: SystemStatus.Queue, _ control: StageControl?, _ line: Sparkline, _ now: Timestamp,
        _ frame: PageFrame
    ) -> [String: Any] {
        let stage = queue.stage
        let size = control?.batchSize.map { "\($0)" }
        return [
            "stage": stage, "waiting": (queue.isEstimate ? "~" : "") + "\(queue.waiting)",
            "oldest": queue.oldest.map { age($0, now) } ?? "-", "flight": queue.inFlight,
            "done": queue.doneLastMinute, "batch": size ?? "default",
            "paused": control?.pause.map { shown($0, now) } ?? false,
            "lines": line.lines, "most": line.most, "hasLines": !line.lines.isEmpty, "spoken": line.spoken,
            "forms": control.map { frame.forms(on: .stage($0)) } ?? [],
        ]
    }
}
