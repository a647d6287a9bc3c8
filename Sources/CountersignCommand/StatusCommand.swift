import Administration
import ArgumentParser
import Postgres

struct StatusCommand: DatabaseCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show what waits in each queue, and who works.",
        discussion: """
            Estimates are marked with ~: counts above 10,000, and, without a worker that keeps house, those of a queue \
            that was long until vacuum has come. The oldest row is one that a worker may take: \
            those of paused portals wait on purpose. Workers are listed when they were heard of within 15 seconds.

            Examples:
              countersign status
              countersign status --json
            """)
    static let role: GroupRole? = .monitor

    @OptionGroup var output: OutputOptions
    @OptionGroup var database: DatabaseOptions

    func run(_ connection: inout Connection) async throws {
        let status = try await SystemStatus.read(&connection)
        let queues = status.queues.map { queue in
            record(queue, isPaused: status.pausedStages.contains(queue.stage), at: status.time)
        }
        let workers = status.workers.map { workerRecord($0, at: status.time) }
        if try output.wantsJSON {
            try output.show([
                "time": .time(status.time), "schema_version": .number(status.schemaVersion),
                "cell": .number(status.cell),
                "queues": .records(queues), "workers": .records(workers),
                "paused_portals": .texts(status.pausedPortals),
            ])
        } else {
            let list = workers.isEmpty ? "No worker is running." : TextTable(workers).text
            let names = plain(status.pausedPortals.joined(separator: ", "))
            let waiting = names.isEmpty ? "" : "\n\nPaused portals, whose rows wait: \(names)."
            write(TextTable(queues).text + waiting + "\n\n" + list)
        }
    }

    private func record(_ queue: SystemStatus.Queue, isPaused: Bool, at now: Timestamp) -> Record {
        [
            "stage": .text(queue.stage),
            "waiting": queue.isEstimate ? .estimate(queue.waiting) : .number(queue.waiting),
            "oldest": .age(of: queue.oldest, at: now), "in_flight": .number(queue.inFlight),
            "done_last_minute": .number(queue.doneLastMinute), "paused": .flag(isPaused),
        ]
    }
}

func workerRecord(_ worker: SystemStatus.LiveWorker, at now: Timestamp) -> Record {
    [
        "worker": .text("\(worker.id)"), "host": .text(worker.host),
        "process": .number(worker.processID), "program": .number(worker.program),
        "draining": .flag(worker.isDraining), "started_at": .age(of: worker.startedAt, at: now),
        "heartbeat_at": .age(of: worker.heartbeatAt, at: now), "errors": .number(worker.errors),
        "stages": .texts(worker.stages),
    ]
}
