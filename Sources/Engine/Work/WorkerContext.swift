package import Countersign
package import Logging
package import Postgres

/// What the stages of one process share.
package struct WorkerContext: Sendable {
    package let workerID: Identifier
    package let options: ConnectionOptions
    package let notifier: Notifier
    package let drain: Drain
    package let controls: StageControlCache
    package let epoch: EpochMemory
    /// Where it is told what a restore must not take back.
    package let journal: Journal?
    package let statistics: [StageName: StageStatistics]
    package let meters: RequestMeters
    package let batchSize: Int
    /// How long one statement of a stage may take on the server, and two seconds more until it is given up here.
    package let statementLimit: Duration
    /// The backstop poll; each sleep is jittered by a quarter, so that many workers do not poll together.
    package let poll: Duration
    package let logger: Logger
    package let logLevels: LogLevels
    /// What is told to others, or judges them, goes by it.
    package let clock: DatabaseClock
    /// Whether it was given a file of places, which `countersign doctor` asks for.
    package let hasPlaces: Bool

    package func figures(of stage: StageName) -> StageStatistics {
        statistics[stage] ?? StageStatistics(stage)
    }

    /// Names the stage, too, and goes by its level.
    package func logger(of stage: StageName) -> Logger {
        var logger = logger
        logger[metadataKey: "stage"] = .string(stage.rawValue)
        return logger
    }

    /// A new session, on which nothing is done before it is clear that history has not gone back since the last one.
    package func open(_ options: ConnectionOptions) async throws -> Connection {
        var connection = try await Connection.open(options)
        learn(try await connection.run(epoch.question).one())
        return connection
    }

    /// Takes what the database says of its history, and stops the stages if an operator has to come first.
    func learn(_ said: EpochState) {
        if epoch.take(said) {
            logger.error(
                "the database has gone back in its history: see `countersign restored`",
                metadata: ["epoch": "\(said.number)"])
        }
        if controls.hold(said.refuses) {
            logger.log(
                level: said.refuses ? .error : .notice,
                said.refuses ? "work waits for `countersign restored`" : "work goes on")
        }
    }

    /// Rows in a batch of that stage at most: what operators say, else what the worker was started with.
    package func batchSize(of stage: StageName) -> Int { controls.batchSize(stage) ?? batchSize }

    /// Waits that long, or until the drain begins, however often it is rung: a session that can be opened and does not
    /// work would be opened again at each ring.
    package func pause(_ length: Duration, on wakeup: Wakeup) async {
        let end = ContinuousClock.now + length
        repeat {
            _ = await wakeup.wait(ContinuousClock.now.duration(to: end))
        } while !drain.isSet && end > .now
    }

    /// Rings for each notification on the stage's channel, until the task is cancelled.
    package func ring(_ wakeup: Wakeup, for stage: StageName) -> Task<Void, Never> {
        let notifications = notifier.subscribe(stage.channel)
        let meters = figures(of: stage).meters
        return Task(name: "rings of \(stage.channel)") {
            for await notification in notifications {
                if !notification.isGap { meters.rung() }
                wakeup.ring()
            }
        }
    }

    /// Options of the session that a stage owns. Its few statements are tuned for nested loops over indexes:
    /// the tables they read change size by the second, and a plan made when a queue was empty must not scan
    /// it when it is full. Generic plans also spare the planning of each batch.
    package func sessionOptions(_ stage: StageName) -> ConnectionOptions {
        var options = sessionOptions(stage.rawValue)
        options.logger = logger(of: stage)
        // As `Replanning` has it; what it changes, see `recent_until()`.
        options.settings["countersign.forgets_plans"] = "on"
        // Partitions and leftovers take their time, and nobody waits for them.
        if stage == .housekeep { options.limitStatements(to: max(statementLimit, .seconds(30))) }
        return options
    }

    /// The same for what is no stage.
    package func sessionOptions(_ name: String) -> ConnectionOptions {
        var options = options
        options.logger = logger
        options.applicationName = "countersign \(name)"
        options.plan(
            without: ["bitmapscan", "hashjoin", "incremental_sort", "mergejoin", "seqscan", "sort"],
            keepingPlans: true)
        options.limitStatements(to: statementLimit)
        options.needsWrites = true
        return options
    }
}
