import Countersign
import Logging
import Postgres

/// The dispatch stage's loop: like `StageLoop`, but rows stay in flight over many turns, and a result that
/// comes back wakes it as a ring does.
struct DispatchLoop: ~Copyable {
    private let context: WorkerContext
    private let limits: DispatchStage.Limits
    private let statistics: StageStatistics
    private let wakeup: Wakeup
    private let logger: Logger
    let inFlight: InFlight
    private var lastPortal: Int32 = 0
    private var replanning = Replanning()

    init(_ context: WorkerContext, _ limits: DispatchStage.Limits) {
        self.context = context
        self.limits = limits
        statistics = context.figures(of: .dispatch)
        wakeup = Wakeup()
        inFlight = InFlight(wakeup: wakeup)
        var logger = context.logger
        logger[metadataKey: "stage"] = "dispatch"
        self.logger = logger
    }

    mutating func run(start: (Delivery) -> Void) async {
        context.drain.wake(wakeup)
        context.directives.wake(wakeup)
        let rings = context.ring(wakeup, for: .dispatch)
        var backoff = Backoff()
        var sessions = 0
        var deadline: ContinuousClock.Instant?
        while !isDone(&deadline) {
            do {
                var connection = try await Connection.open(context.sessionOptions("dispatch"))
                backoff.reset()
                if sessions > 0 { statistics.meters.reconnected() }
                sessions += 1
                while !isDone(&deadline) { try await turn(&connection, start) }
                try await giveBack(&connection)
            } catch {
                statistics.failed(error)
                logger.error("dispatch failed; trying again", metadata: ["error": "\(error)"])
                _ = await wakeup.wait(backoff.advance())
            }
        }
        rings.cancel()
    }

    /// Done when drained: nothing in flight any more, or the time for that is over.
    private func isDone(_ deadline: inout ContinuousClock.Instant?) -> Bool {
        guard context.drain.isSet else { return false }
        let end = deadline ?? .now + limits.drain
        deadline = end
        return inFlight.count == 0 || end <= .now
    }

    /// Writes what has come back, takes what is due, and sleeps when there was nothing of either.
    private mutating func turn(_ connection: inout Connection, _ start: (Delivery) -> Void) async throws {
        for step in replanning.steps() { try await connection.run(step.statement) }
        let written = try await acknowledge(&connection)
        if context.drain.isSet {
            if written == 0 { _ = await wakeup.wait(.milliseconds(50)) }
            return
        }
        if context.directives.isPaused(.dispatch) {
            if written == 0 { _ = await wakeup.wait(context.poll) }
            return
        }
        let claimed = try await claim(&connection, prelude: [], start)
        if written == 0, claimed == 0 { try await sleep(&connection, start) }
    }

    private mutating func sleep(_ connection: inout Connection, _ start: (Delivery) -> Void) async throws {
        let bell: [Parameter] = [.text(StageName.dispatch.rawValue)]
        if try await claim(&connection, prelude: [Step(Bell.arm, bell)], start) == 0,
            inFlight.finished.isEmpty
        {
            let busy = inFlight.busy
            let due = try await connection.run(
                DispatchStatements.nextDue,
                [.int32s(busy.portals), .int32s(busy.counts), .int32(Int32(limits.perPortal))])
            let poll = context.poll * Double.random(in: 0.75...1.25)
            let next = try due.first?.optionalInt(0).map { Duration.microseconds($0) } ?? poll
            let cause = await wakeup.wait(min(next, poll))
            statistics.meters.wokeUp(cause == .rung ? .rung : next <= poll ? .due : .poll)
        }
        try await connection.run(Bell.leave)
    }

    private mutating func claim(
        _ connection: inout Connection, prelude: [Step], _ start: (Delivery) -> Void
    ) async throws -> Int {
        let free = min(limits.total - inFlight.count, context.batchSize(of: .dispatch))
        guard free > 0 else { return 0 }
        let busy = inFlight.busy
        let step = Step(
            DispatchStatements.claim,
            [
                .int32s(busy.portals), .int32s(busy.counts), .int32(Int32(limits.perPortal)),
                .int32(Int32(free)), .double(limits.leaseSeconds), .int32(lastPortal),
            ])
        let rows = try await connection.pipeline(prelude + [step])
        let deliveries = try rows[prelude.count].map { try Delivery($0) }
        for delivery in deliveries {
            inFlight.begin(delivery)
            count(delivery)
            start(delivery)
        }
        if let last = deliveries.last { lastPortal = last.portalID }
        statistics.setInFlight(inFlight.count)
        return deliveries.count
    }

    private func count(_ delivery: Delivery) {
        guard delivery.attempt == 1 else {
            statistics.meters.retried()
            return
        }
        context.meters.ended(
            portal: delivery.portal, type: delivery.authenticationType ?? "unknown", end: delivery.status,
            took: delivery.transactionID.time.duration(to: delivery.occurredAt))
    }

    /// One statement for all that have come back. When it fails they are written again on the next connection;
    /// tokens make that harmless.
    private mutating func acknowledge(_ connection: inout Connection) async throws -> Int {
        let finished = inFlight.finished
        guard !finished.isEmpty else { return 0 }
        let start = ContinuousClock.now
        try await connection.run(DispatchStatements.acknowledge, finished.parameters)
        inFlight.forget(finished)
        statistics.done(finished.count)
        statistics.meters.batch(finished.count, took: start.duration(to: .now))
        statistics.setInFlight(inFlight.count)
        return finished.count
    }

    private func giveBack(_ connection: inout Connection) async throws {
        let left = inFlight.takeAll()
        guard !left.isEmpty else { return }
        logger.notice("deliveries given back", metadata: ["count": "\(left.count)"])
        try await connection.run(
            DispatchStatements.giveBack, [.identifiers(left.map(\.transactionID)), .ints(left.map(\.token))])
    }
}

extension [Acknowledgement] {
    var parameters: [Parameter] {
        [
            .identifiers(map(\.delivery.transactionID)), .ints(map(\.delivery.token)),
            .int32s(map { Int32($0.delivery.attempt) }), .timestamps(map(\.startedAt)),
            .int32s(map { Int32(clamping: $0.milliseconds) }),
            .optionalInt32s(map { $0.result.statusCode.map(Int32.init) }),
            .texts(map { $0.result.failure?.rawValue }),
            .texts(map { $0.result.body.isEmpty ? nil : $0.result.body }),
            .texts(map(\.outcome.rawValue)), .doubles(map { ($0.delay ?? .zero) / .seconds(1) }),
        ]
    }
}
