import Countersign
import Engine
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
    let inFlight: DeliveriesInFlight
    private var lastServed = WebhookEndpoint(portalID: 0, origin: "")
    private var breakers: Breakers
    private var memory = DayMemory()
    private var replanning = Replanning()
    private var batchLimit = BatchLimit()
    private var partlyArmed = PartlyArmed()

    init(_ context: WorkerContext, _ limits: DispatchStage.Limits) {
        self.context = context
        self.limits = limits
        statistics = context.figures(of: .dispatch)
        wakeup = Wakeup()
        inFlight = DeliveriesInFlight(total: limits.total, putOff: limits.putOff, wakeup: wakeup)
        logger = context.logger(of: .dispatch)
        breakers = Breakers(workerID: context.workerID, logger: logger)
    }

    mutating func run(start: (Delivery) -> Void) async {
        context.drain.wake(wakeup)
        context.controls.wake(wakeup)
        let rings = context.ring(wakeup, for: .dispatch)
        var backoff = Backoff()
        var sessions = 0
        var deadline: ContinuousClock.Instant?
        while !isDone(&deadline) {
            do {
                var connection = try await context.open(context.sessionOptions(.dispatch))
                if sessions > 0 { statistics.meters.reconnected() }
                sessions += 1
                while !isDone(&deadline) {
                    do {
                        try await turn(&connection, start)
                        backoff.reset()
                    } catch  where connection.isUsable {
                        try await recover(from: error, &connection)
                    }
                }
                try await giveBack(&connection)
            } catch {
                guard !Task.isCancelled else { break }
                statistics.failed(error)
                logger.error("dispatch failed; trying again", metadata: ["error": "\(error)"])
                await context.pause(backoff.advance(), on: wakeup)
            }
        }
        rings.cancel()
    }

    /// Takes fewer rows from now on where an exchange took too long for the server. Where it refuses a row, what receivers have
    /// said is left out: their words alone come from outside, and no receiver may keep others' results from being written.
    /// Throws whatever else it was.
    private mutating func recover(from error: any Error, _ connection: inout Connection) async throws {
        if isFaultOfRow(error), inFlight.dropTexts() {
            statistics.failed(error)
            logger.error("webhook results are written without their texts", metadata: ["error": "\(error)"])
        } else {
            guard batchLimit.halve(after: error, of: most, statistics, logger) else { throw error }
        }
        if !connection.isIdle { try await connection.execute("ROLLBACK") }
        try await connection.run(DisarmBell())
    }

    /// Rows in an exchange at most, as a rule.
    private var most: Int { context.batchSize(of: .dispatch) }

    /// Done when drained: nothing in flight any more, or the time for that is over.
    private func isDone(_ deadline: inout ContinuousClock.Instant?) -> Bool {
        guard context.drain.isSet else { return false }
        if deadline == nil { inFlight.stop() }
        let end = deadline ?? .now + limits.drain
        deadline = end
        return inFlight.count == 0 || end <= .now
    }

    /// Writes what has come back, takes what is due, and sleeps when there was nothing of either.
    private mutating func turn(_ connection: inout Connection, _ start: (Delivery) -> Void) async throws {
        let replan = replanning.steps()
        if !replan.isEmpty { try await connection.pipeline(replan) }
        try await breakers.turn(&connection, inFlight)
        let done = try await exchange(&connection, start).rows
        if inFlight.waitsForMany(done >= Self.busy), done >= Self.busy { _ = await wakeup.wait(Self.pace) }
        guard done == 0 else { return }
        if context.drain.isSet {
            _ = await wakeup.wait(.milliseconds(50))
        } else if context.controls.isPaused(.dispatch) {
            if !inFlight.hasResults { _ = await wakeup.wait(context.poll) }
        } else {
            try await sleep(&connection, start)
        }
    }

    /// From so many rows in one exchange on the next waits for more: its statements cost as much for one row as for fifty.
    private static let busy = 25
    /// Until then. What waits in `EndpointQueues` keeps the receivers busy meanwhile.
    private static let pace = Duration.milliseconds(5)

    private mutating func sleep(_ connection: inout Connection, _ start: (Delivery) -> Void) async throws {
        let (rows, arming) = try await exchange(&connection, arms: true, start)
        if rows == 0 {
            let offer = inFlight.offer(batch: batchLimit.rows(of: most))
            let look = FindNextDelivery(
                exceptions: offer.exceptions, portalShare: offer.rows > 0 ? offer.portalShare : 0)
            let due = try await connection.run(look).one()
            let poll = context.poll * Double.random(in: 0.75...1.25)
            var longest = min(poll, offer.refill ?? poll)
            if let due {
                // A row that somebody else holds at this moment is due all the time.
                longest = min(longest, max(due, .milliseconds(2)))
            }
            if let limit = partlyArmed.limit(arming) { longest = min(longest, limit) }
            if !inFlight.hasResults {
                let cause = await wakeup.wait(longest)
                statistics.meters.wokeUp(cause == .rung ? .rung : longest < poll ? .due : .poll)
            }
        }
        try await connection.run(DisarmBell())
    }

    /// Nil, and nothing is done, when it has to be done once more for any day.
    private mutating func send(_ steps: [Step], _ connection: inout Connection) async throws -> [Rows]? {
        do {
            return try await connection.pipeline(steps)
        } catch  where error.state == .outsideDays {
            memory.lookEverywhere()
            return nil
        }
    }

    /// Writes what has come back and claims what is due, in one round trip and one commit, and arms the bell before when
    /// told to. Returns how many rows that were. When it fails, what had come back is written again on the next
    /// connection; tokens make that harmless.
    private mutating func exchange(
        _ connection: inout Connection, arms: Bool = false, _ start: (Delivery) -> Void
    ) async throws -> (rows: Int, arming: Bell.Arming) {
        let rows = batchLimit.rows(of: most)
        let (finished, returned) = (inFlight.finished(rows), inFlight.returned(rows))
        let offer = inFlight.offer(batch: rows)
        var steps = arms ? [Step(ArmBell(stage: .dispatch))] : []
        // Some are tried for hours. They have a statement of their own, so that everybody else's is for few days: those reach
        // back an hour at least, and a quarter of it is left for the exchange.
        let now = context.clock.now
        let isOld = { (one: Acknowledgement) in
            one.delivery.transactionID.time.duration(to: now) > .seconds(2_700)
        }
        for (some, days) in [(finished.filter { !isOld($0) }, memory.days), (finished.filter(isOld), .any)]
        where !some.isEmpty {
            steps.append(Step(AcknowledgeDeliveries(acknowledgements: some, days: days)))
        }
        if !returned.isEmpty { steps.append(Step(GiveBackDeliveries(sent: [], unsent: returned))) }
        let claims = offer.rows > 0 && !context.drain.isSet && !context.controls.isPaused(.dispatch)
        if claims { steps.append(Step(claim(offer))) }
        guard !steps.isEmpty else { return (0, .byAnother) }
        let began = ContinuousClock.now
        guard let answers = try await send(steps, &connection) else {
            return try await exchange(&connection, arms: arms, start)
        }
        batchLimit.passed(of: most, logger)
        inFlight.forget(finished, returned: returned)
        if !finished.isEmpty {
            let took = began.duration(to: .now)
            statistics.done(finished.count)
            statistics.meters.batch(finished.count, took: took)
            logger.debug(
                "batch done",
                metadata: Self.subjects(finished.map(\.delivery.transactionID))
                    .metadata(rows: finished.count, took: took))
        }
        let deliveries = claims ? try StatementResult<ClaimDeliveries>(answers[steps.count - 1]).all() : []
        if let last = deliveries.last { context.clock.set(last.claimedAt) }
        for delivery in inFlight.begin(deliveries) { start(delivery) }
        if let last = deliveries.last { lastServed = last.endpoint }
        statistics.setInFlight(inFlight.count)
        let arming = arms ? try StatementResult<ArmBell>(answers[0]).one() : .byAnother
        return (finished.count + deliveries.count, arming)
    }

    private func claim(_ offer: DeliverySlots.Offer) -> ClaimDeliveries {
        ClaimDeliveries(offer: offer, leaseSeconds: limits.leaseSeconds, after: lastServed)
    }

    private static func subjects(_ transactions: [Identifier]) -> LogSubjects {
        LogSubjects(key: "transaction_id", ids: transactions)
    }

    private func giveBack(_ connection: inout Connection) async throws {
        let (sent, unsent) = inFlight.takeAll()
        let left = sent + unsent
        guard !left.isEmpty else { return }
        logger.notice(
            "deliveries given back",
            metadata: Self.subjects(left.map(\.transactionID)).metadata(rows: left.count))
        try await connection.run(GiveBackDeliveries(sent: sent, unsent: unsent))
    }
}
