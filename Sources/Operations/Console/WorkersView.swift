import Administration
import Postgres

/// The processes that work.
enum WorkersView {
    static func content(
        _ frame: PageFrame, _ connection: inout Connection
    ) async throws -> [String: Any] {
        let (live, now) = try await SystemStatus.workers(&connection)
        let workers = live.map { row($0, now, frame) }
        return ["workers": workers, "hasWorkers": !workers.isEmpty]
    }

    private static func row(
        _ worker: SystemStatus.LiveWorker, _ now: Timestamp, _ frame: PageFrame
    ) -> [String: Any] {
        [
            "id": "\(worker.id)", "host": worker.host, "process": worker.processID,
            "program": worker.program, "up": age(worker.startedAt, now),
            "heartbeat": age(worker.heartbeatAt, now), "errors": worker.errors,
            "stages": worker.stages.joined(separator: ", "), "draining": worker.isDraining,
            "forms": frame.forms(on: .worker(worker)),
        ]
    }
}
