import Countersign
import Logging
import Postgres

/// The process's entry in the registry of workers: a heartbeat every two seconds with its stages' figures; each
/// second a look at what operators have told it; and every five a look at the schema, so that a program that no
/// longer fits drains.
struct Heartbeat {
    static let interval = Duration.seconds(2)
    static let controlsLook = Duration.seconds(1)
    static let schemaLook = Duration.seconds(5)

    let context: WorkerContext
    let host: String
    let processID: Int32

    /// Runs until cancelled, which comes after the last stage has ended: a draining worker is still seen.
    func run() async {
        let wakeup = Wakeup()
        context.drain.wake(wakeup)
        await withTaskCancellationHandler {
            var backoff = Backoff()
            while !Task.isCancelled {
                do {
                    var connection = try await context.open(context.sessionOptions("heartbeat"))
                    let journal = context.journal.map { JournalKeeper($0, context) }
                    try await beat(&connection, wakeup, journal) { backoff.reset() }
                    try await connection.run(DeregisterWorker(id: context.workerID))
                } catch {
                    guard !Task.isCancelled else { break }
                    context.logger.error("heartbeat failed", metadata: ["error": "\(error)"])
                    _ = await wakeup.wait(backoff.advance())
                }
            }
        } onCancel: {
            wakeup.ring()
        }
    }

    private func beat(
        _ connection: inout Connection, _ wakeup: Wakeup, _ journal: JournalKeeper?, onSuccess: () -> Void
    ) async throws {
        var nextLook = ContinuousClock.now
        var nextBeat = ContinuousClock.now
        repeat {
            if nextLook <= .now, !context.drain.isSet {
                try await checkSchema(&connection)
                nextLook = .now + Self.schemaLook
            }
            // The first look comes before the first beat: whoever sees this worker knows that it obeys.
            let life = try await obey(&connection)
            try await journal?.turn(&connection)
            if nextBeat <= .now || context.drain.isSet {
                let beaten = try await connection.pipeline(registration, report).results
                context.epoch.heard(try beaten.0.one(), in: life)
                nextBeat = .now + Self.interval
                onSuccess()
            }
            _ = await wakeup.wait(Self.controlsLook)
        } while !Task.isCancelled
    }

    /// Returns the life of the database that this session is of.
    private func obey(_ connection: inout Connection) async throws -> Identifier {
        let (controls, levels, drain, epoch) = try await connection.pipeline(
            ReadStageControls(), ReadLogLevels(), ReadDrainRequest(worker: context.workerID), ReadEpoch()
        ).results
        let state = try epoch.one()
        context.learn(state)
        if context.controls.replace(try controls.all()) {
            let paused = context.controls.paused.map(\.rawValue).joined(separator: ",")
            context.logger.notice("stage controls changed", metadata: ["paused": "\(paused)"])
        }
        if context.logLevels.replace(LogLevels.known(try levels.all())) {
            context.logger.notice("log levels changed")
        }
        if try drain.first() ?? false, !context.drain.isSet {
            context.logger.notice("told to drain")
            context.drain.begin()
        }
        return state.life
    }

    private func checkSchema(_ connection: inout Connection) async throws {
        do {
            try await Program.schemaRange.check(&connection, schema: "countersign")
        } catch let error as SchemaRangeError {
            context.logger.critical("schema does not fit: draining", metadata: ["error": "\(error)"])
            context.drain.begin()
        }
    }

    private var registration: RegisterWorker {
        RegisterWorker(
            id: context.workerID, processID: processID, program: Program.number,
            isDraining: context.drain.isSet, hasPlaces: context.hasPlaces, host: host)
    }

    private var report: ReportFigures {
        let stages = context.statistics.sorted { $0.key.rawValue < $1.key.rawValue }
        return ReportFigures(id: context.workerID, stages: stages.map { ($0.key, $0.value.figures) })
    }
}
