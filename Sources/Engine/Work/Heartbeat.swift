import Countersign
import Logging
import Postgres

/// The process's entry in the registry of workers: a heartbeat every two seconds with its stages' figures; each
/// second a look at what operators have told it; and every five a look at the schema, so that a program that no
/// longer fits drains (design section 8).
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
                    var connection = try await Connection.open(context.sessionOptions("heartbeat"))
                    backoff.reset()
                    try await beat(&connection, wakeup)
                    try await connection.run(Self.leave, [.identifier(context.workerID)])
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

    private func beat(_ connection: inout Connection, _ wakeup: Wakeup) async throws {
        var nextLook = ContinuousClock.now
        var nextBeat = ContinuousClock.now
        repeat {
            if nextLook <= .now, !context.drain.isSet {
                try await checkSchema(&connection)
                nextLook = .now + Self.schemaLook
            }
            // The first look comes before the first beat: whoever sees this worker knows that it obeys.
            try await obey(&connection)
            if nextBeat <= .now || context.drain.isSet {
                try await connection.pipeline([
                    Step(Self.register, registration), Step(Self.report, figures),
                ])
                nextBeat = .now + Self.interval
            }
            _ = await wakeup.wait(Self.controlsLook)
        } while !Task.isCancelled
    }

    private func obey(_ connection: inout Connection) async throws {
        let told = try await connection.pipeline([
            Step(StageControl.listing), Step(LogLevels.reading),
            Step(Self.drain, [.identifier(context.workerID)]),
        ])
        if context.controls.replace(try told[0].map(StageControl.init)) {
            let paused = context.controls.paused.map(\.rawValue).joined(separator: ",")
            context.logger.notice("stage controls changed", metadata: ["paused": "\(paused)"])
        }
        if context.logLevels.replace(try LogLevels.levels(told[1])) {
            context.logger.notice("log levels changed")
        }
        if try told[2].first?.bool(0) ?? false, !context.drain.isSet {
            context.logger.notice("told to drain")
            context.drain.begin()
        }
    }

    private func checkSchema(_ connection: inout Connection) async throws {
        do {
            try await Program.schemaRange.check(&connection, schema: "countersign")
        } catch let error as SchemaRangeError {
            context.logger.critical("schema does not fit: draining", metadata: ["error": "\(error)"])
            context.drain.begin()
        }
    }

    private var registration: [Parameter] {
        [
            .identifier(context.workerID), .int32(processID), .int32(Int32(Program.number)),
            .bool(context.drain.isSet), .text(host),
        ]
    }

    private var figures: [Parameter] {
        let stages = context.statistics.sorted { $0.key.rawValue < $1.key.rawValue }
        let figures = stages.map(\.value.figures)
        return [
            .identifier(context.workerID), .texts(stages.map(\.key.rawValue)),
            .int32s(figures.map { Int32(clamping: $0.inFlight) }),
            .ints(figures.map { Int64($0.doneLastMinute) }),
            .ints(figures.map { Int64($0.errors) }),
        ]
    }
}

extension Heartbeat {
    static let register = Statement(
        "worker.register",
        """
        INSERT INTO countersign.workers (worker_id, process_id, program, draining, host)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (worker_id) DO UPDATE SET heartbeat_at = clock_timestamp(), draining = excluded.draining
        """)
    static let report = Statement(
        "worker.report",
        """
        INSERT INTO countersign.worker_stages (worker_id, stage, in_flight, done_last_minute, errors)
        SELECT $1, * FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[])
        ON CONFLICT (worker_id, stage) DO UPDATE SET in_flight = excluded.in_flight,
            done_last_minute = excluded.done_last_minute, errors = excluded.errors
        """)
    static let leave = Statement("worker.leave", "DELETE FROM countersign.workers WHERE worker_id = $1")

    /// Whether `countersign worker drain` was told of this worker.
    static let drain = Statement(
        "worker.drain", "SELECT drain_requested FROM countersign.workers WHERE worker_id = $1")

    static var all: [Statement] { [register, report, leave, drain, StageControl.listing, LogLevels.reading] }
}
