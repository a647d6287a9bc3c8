package import Logging
package import Postgres

/// What the stages of one process share.
package struct WorkerContext: Sendable {
    package let workerID: Identifier
    package let options: ConnectionOptions
    package let notifier: Notifier
    package let drain: Drain
    package let statistics: [StageName: StageStatistics]
    package let batchSize: Int
    /// The backstop poll; each sleep is jittered by a quarter, so that many workers do not poll together.
    package let poll: Duration
    package let logger: Logger

    package func figures(of stage: StageName) -> StageStatistics { statistics[stage] ?? StageStatistics() }

    /// Rings for each notification on the channel, until the task is cancelled.
    package func ring(_ wakeup: Wakeup, on channel: String) -> Task<Void, Never> {
        let notifications = notifier.subscribe(channel)
        return Task(name: "rings of \(channel)") {
            for await _ in notifications { wakeup.ring() }
        }
    }

    /// Options of the session that a stage owns. Its few statements are tuned for nested loops over indexes:
    /// the tables they read change size by the second, and a plan made when a queue was empty must not scan
    /// it when it is full. Generic plans also spare the planning of each batch.
    package func sessionOptions(_ stage: String) -> ConnectionOptions {
        var options = options
        options.applicationName = "countersign \(stage)"
        for name in ["bitmapscan", "hashjoin", "mergejoin", "seqscan", "sort"] {
            options.settings["enable_\(name)"] = "off"
        }
        options.settings["jit"] = "off"
        options.settings["plan_cache_mode"] = "force_generic_plan"
        return options
    }
}
