import Postgres

/// What the database's own figures and the history say.
extension Concern {
    static func database(
        _ figures: [ReadFigures.Output], _ failing: [FindFailingStages.Output], _ restore: Restore?
    ) -> [Concern] {
        [restore].compactMap { $0.flatMap(wentBack) } + failing.map(fails) + figures.compactMap(figure)
    }

    private static func wentBack(_ restore: Restore) -> Concern? {
        guard restore.releasedAt == nil else { return nil }
        return Concern(
            "History has gone back", restore.isWorkHeld ? "nobody works" : "webhooks are held",
            restore.isWorkHeld ? .down : .attention, size: "\(restore.waiting) webhooks wait",
            since: restore.beganAt,
            advice:
                "\(restore). `countersign restored --show` says what has to be repeated; then let them go.",
            remedy: .paste("countersign restored", by: "In a shell"))
    }

    private static func fails(_ stage: FindFailingStages.Output) -> Concern {
        Concern(
            "Failing batches", stage.stage, size: "\(stage.errors) in the last five minutes",
            place: stagePlace(stage.stage),
            advice: "The log of the workers says why (`batch failed`).", remedy: .page("queues"))
    }

    /// Limits as the alerts have them.
    private static func figure(_ figure: ReadFigures.Output) -> Concern? {
        switch figure.name {
        case "partitions_ahead" where figure.value < 3:
            Concern(
                "Missing partitions", figure.label, figure.value < 1 ? .down : .attention,
                size: "\(Int(figure.value)) days ahead",
                advice: "Run the stage housekeep somewhere: its log says what keeps it from making them.",
                remedy: .page("queues"))
        case "partitions_outlived" where figure.value > 0:
            Concern(
                "Outlived partitions", figure.label, size: "\(Int(figure.value)) partitions",
                advice:
                    "Rows are kept for longer than they should be: the log of the stage housekeep says what keeps it "
                    + "from dropping them, and `countersign doctor` how to.",
                remedy: .page("queues"))
        case "default_partition_rows" where figure.value > 0:
            Concern(
                "Rows in a default partition", figure.label, size: "\(Int(figure.value)) rows",
                advice: "Look why partitions were missing.",
                remedy: .paste("countersign doctor --mend", by: "As the owner"))
        case "transactions_held" where figure.value > 1_000_000:
            Concern(
                "Old snapshot", "somebody's transaction", size: "\(Int(figure.value)) transactions",
                advice: "Dead rows pile up in every table until it ends; `countersign doctor` names it.")
        case "notifications_paused" where figure.value > 0:
            Concern(
                "Notifications paused", "the server's queue",
                advice: "Wake-ups come by the poll until a session that "
                    + "listens and idles has ended; `countersign doctor` says more.")
        default: nil
        }
    }

    /// What the doctor has found, but for what is seen here at once anyway. What it only warns of is a note, unless that grows
    /// by itself.
    package static func all(of findings: [Finding]) -> [Concern] {
        let seen: Set = ["workers", "partitions", "default partitions", "master key", "history"]
        let growing: Set = ["snapshots", "bloat", "notifications", "clock"]
        return findings.filter { $0.grade != .ok && !seen.contains($0.check) }.map { finding in
            Concern(
                "Doctor: \(finding.check)", finding.finding,
                finding.grade == .error || growing.contains(finding.check) ? .attention : .note,
                advice: finding.advice,
                remedy: finding.remedy.map { .paste($0.text, by: $0.hands.phrase) } ?? .none)
        }
    }
}

/// Stages whose workers count more errors than five minutes ago. A worker that began anew counts from zero.
struct FindFailingStages: PreparedStatement {
    static let statement = Statement(
        "concern.failing_stages",
        """
        SELECT f.stage, f.errors FROM (
            SELECT n.stage, n.errors - coalesce((SELECT least(h.errors, n.errors) FROM countersign.queue_history h
                WHERE h.unit = 'minute' AND h.stage = n.stage AND h.minute > (SELECT clock_timestamp() - interval '6 minutes')
                ORDER BY h.minute LIMIT 1), n.errors) AS errors
            FROM (SELECT s.stage, sum(s.errors)::bigint AS errors FROM countersign.worker_stages s
                  JOIN countersign.workers w USING (worker_id)
                  WHERE w.heartbeat_at > clock_timestamp() - interval '15 s' GROUP BY s.stage) AS n) AS f
        WHERE f.errors > 0 ORDER BY countersign.stage_number(f.stage)
        """)

    static func decode(_ row: inout RowReader) throws -> (stage: String, errors: Int) {
        (try row.text("stage"), try row.int("errors"))
    }
}
