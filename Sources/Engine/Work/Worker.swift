package import Countersign
package import Logging
package import Metrics
package import OpenPGP
package import Places
package import Postgres
import ServiceLifecycle

/// Settings of one worker process.
package struct WorkerConfiguration: Sendable {
    package var database: ConnectionOptions
    /// Which stages to run; default all.
    package var stages = Set(StageName.allCases)
    /// Rows in a batch at most, 1 to 1,000; default 500.
    package var batchSize = 500
    /// How long a statement of a stage may take; its batch is halved when it takes longer. Default 8 s, so that all
    /// is well within 15 s after the network has swallowed the connections.
    package var statementLimit = Duration.seconds(8)
    /// How often every stage looks at its queue, whether it was rung or not; default 1 s.
    package var poll = Duration.seconds(1)
    /// How the process is called in the registry.
    package var host: String
    package var processID: Int32
    /// Takes what the stages count; default the process's.
    package var metrics: any MetricsFactory = MetricsSystem.factory
    /// What operators change while it runs; shared with the loggers.
    package var logLevels = LogLevels()
    /// Where it is told what a restore must not take back.
    package var journal: Journal?
    /// Where visitors are, for the prompt.
    package var places: Places?

    package init(database: ConnectionOptions, host: String, processID: Int32) {
        self.database = database
        self.host = host
        self.processID = processID
    }
}

/// A stage that brings its own loop, because it waits for others outside the database (dispatch).
package protocol LongRunningStage: Sendable {
    /// Runs until the drain begins and what is in flight has ended or been given back.
    func run(_ context: WorkerContext) async
}

/// One worker process: the loops of its stages, the listener, the heartbeat. It ends when a graceful shutdown
/// (SIGTERM) or a schema that it does not fit begins the drain: every stage finishes the batch in hand.
package final class Worker: Service {
    package let context: WorkerContext
    private let configuration: WorkerConfiguration
    private let dispatch: (any LongRunningStage)?
    private let enroll: [EnrollStage]
    private let validate: [ValidateStage]

    /// `dispatch` is run if it is given and `configuration.stages` has it. Throws `OpenPGPError` where OpenPGP
    /// cannot be done safely.
    package init(
        _ configuration: WorkerConfiguration, sealer: Sealer, dispatch: (any LongRunningStage)?,
        logger: Logger
    ) throws(OpenPGPError) {
        self.configuration = configuration
        let clock = DatabaseClock()
        enroll = try Self.enrollStages(configuration, sealer, clock)
        validate = try Self.validateStages(configuration, sealer, clock)
        self.dispatch = dispatch
        context = Self.context(configuration, clock, logger)
    }

    /// Two, which share threads and the keys that these have loaded: a key is looked at once when it is enrolled, and again
    /// and again when it signs. None without that stage: a worker that only dispatches starts no OpenPGP.
    private static func enrollStages(
        _ configuration: WorkerConfiguration, _ sealer: Sealer, _ clock: DatabaseClock
    ) throws(OpenPGPError) -> [EnrollStage] {
        guard configuration.stages.contains(.enroll) else { return [] }
        let keys = try CryptoThreads(capacity: 8, clock: { clock.seconds })
        return (0..<2).map { _ in EnrollStage(keys, sealer, clock: clock) }
    }

    private static func validateStages(
        _ configuration: WorkerConfiguration, _ sealer: Sealer, _ clock: DatabaseClock
    ) throws(OpenPGPError) -> [ValidateStage] {
        guard configuration.stages.contains(.validate) else { return [] }
        let signatures = try CryptoThreads(clock: { clock.seconds })
        return (0..<2).map { _ in
            ValidateStage(signatures, sealer, clock: clock, places: configuration.places)
        }
    }

    /// Of a worker that begins, with an id of its own.
    private static func context(
        _ configuration: WorkerConfiguration, _ clock: DatabaseClock, _ logger: Logger
    ) -> WorkerContext {
        let workerID = Identifier.random()
        var logger = logger
        logger[metadataKey: "worker"] = .string(workerID.description)
        let figures = configuration.stages.map { ($0, StageStatistics($0, configuration.metrics)) }
        var listening = configuration.database
        listening.applicationName = "countersign listener"
        listening.logger = logger
        return WorkerContext(
            workerID: workerID, options: configuration.database,
            notifier: Notifier(listening), drain: Drain(), controls: StageControlCache(),
            epoch: EpochMemory(worker: workerID, journal: configuration.journal),
            journal: configuration.journal,
            statistics: Dictionary(uniqueKeysWithValues: figures),
            meters: RequestMeters(configuration.metrics), batchSize: configuration.batchSize,
            statementLimit: configuration.statementLimit,
            poll: configuration.poll, logger: logger, logLevels: configuration.logLevels, clock: clock,
            hasPlaces: configuration.places != nil)
    }

    package func run() async {
        let stages = configuration.stages.map(\.rawValue).sorted().joined(separator: ",")
        context.logger.info(
            "worker starts", metadata: ["stages": .string(stages), "version": .string(Program.version)])
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await runStages()
            } onCancel: {
                context.drain.begin()
            }
        } onGracefulShutdown: {
            self.context.drain.begin()
        }
        context.logger.info("worker ended")
    }

    /// The listener and the heartbeat outlive the stages, so that a draining worker is still seen.
    private func runStages() async {
        await withDiscardingTaskGroup { group in
            group.addTask(name: "listener") { await self.context.notifier.run() }
            group.addTask(name: "heartbeat") {
                let host = self.configuration.host
                await Heartbeat(context: self.context, host: host, processID: self.configuration.processID)
                    .run()
            }
            await withDiscardingTaskGroup { stages in
                for stage in configuration.stages {
                    stages.addTask(name: "\(stage.rawValue)") { await self.run(stage) }
                }
            }
            group.cancelAll()
        }
    }

    /// Two loops, so that one does OpenPGP, or makes secrets, while the other waits for the database, and a backlog is worked off
    /// by two of the server's cores. The second works only while the batches of the first come back full.
    private func run<Work: Stage>(_ stage: Work, helpedBy second: Work) async {
        let helper = Wakeup()
        async let helping: Void = StageLoop(second, context, rings: false, wakeup: helper).run()
        await StageLoop(stage, context, rings: true, helper: helper).run()
        await helping
    }

    private func run(_ stage: StageName) async {
        switch stage {
        case .enroll: await run(enroll[0], helpedBy: enroll[1])
        case .issue: await run(IssueStage(), helpedBy: IssueStage())
        case .validate: await run(validate[0], helpedBy: validate[1])
        case .expire: await StageLoop(ExpireStage(), context, rings: false).run()
        case .dispatch: await dispatch?.run(context)
        case .housekeep:
            let logger = context.logger(of: stage)
            let stage = HousekeepStage(worker: context.workerID, epoch: context.epoch) { partition, error in
                logger.warning(
                    "partition not changed; trying again in a minute",
                    metadata: ["partition": "\(partition)", "error": "\(error)"])
            }
            await StageLoop(stage, context, rings: false).run()
        }
    }
}
