package import Administration
import Postgres

extension DatabaseFigures {
    /// The figures as `/metrics` gives them.
    package var families: [MetricFamily] {
        func queue(_ name: String, _ value: (SystemStatus.Queue) -> Double) -> MetricFamily {
            .gauge("countersign_queue_\(name)", by: "stage", queues.map { ($0.stage, value($0)) })
        }
        func figure(_ name: String, by label: String = "") -> MetricFamily {
            .gauge("countersign_\(name)", by: label, self[name])
        }
        return [
            queue("depth") { Double($0.waiting) },
            queue("depth_is_estimate") { $0.isEstimate ? 1 : 0 },
            queue("oldest_seconds") { $0.oldest.map { max(0, $0.duration(to: time) / .seconds(1)) } ?? 0 },
            queue("in_flight") { Double($0.inFlight) },
            figure("breakers", by: "state"), figure("default_partition_rows", by: "table"),
            figure("history_gone_back"),
            figure("notification_queue_usage"),
            figure("notifications_paused"),
            figure("partitions_ahead", by: "table"), figure("partitions_outlived", by: "table"),
            figure("portals", by: "state"),
            figure("stage_paused", by: "stage"), figure("transactions_held"),
            figure("webhooks_dead", by: "died"),
            figure("workers", by: "stage"),
        ]
    }
}
