import Countersign
import Logging
import Postgres

/// Drives one stage: batches until one comes back empty, arm the bell, look once more,
/// sleep until rung, until the next due time, or until the backstop poll. NOTIFY is a hint and the table is
/// the truth: the poll always runs and finds what a lost connection or a crash left behind.
package struct StageLoop<Work: Stage>: ~Copyable {
    /// Between two looks that follow a ring: at most 500 notifications a second, whatever inserts come.
    static var ringInterval: Duration { .milliseconds(2) }
    /// Rings further apart than this are answered without leaving the bell: who leaves it looks twice more, and sits down
    /// again, which cost issuing one lone request 1,315 us on the server instead of 500. Each insert rings meanwhile, and
    /// a NOTIFY costs those who insert more than that where they are many.
    static var calmInterval: Duration { .milliseconds(6) }

    /// After a batch that found something and was not full.
    static var longestPause: Duration { .milliseconds(8) }

    private var work: Work
    private let context: WorkerContext
    private let bell: Bell?
    private let wakeup: Wakeup
    private let helper: Wakeup?
    private let statistics: StageStatistics
    private let logger: Logger
    private var lastPoll = ContinuousClock.now
    private var replanning = Replanning()
    private var lastRing: ContinuousClock.Instant?
    /// How long the last batch took; zero when it found nothing.
    private var lastBatch = Duration.zero
    private var batchLimit = BatchLimit()
    private var partlyArmed = PartlyArmed()
    /// When rows that broke a batch, or ended workers, are tried again.
    private var nextRetry = ContinuousClock.now

    /// `rings`: whether inserts ring for this loop. `helper` is woken by each full batch: it is the `wakeup` of
    /// another loop of the same stage, which arms no bell and sleeps while there is little to do.
    package init(
        _ work: Work, _ context: WorkerContext, rings: Bool, helper: Wakeup? = nil,
        wakeup: Wakeup = Wakeup()
    ) {
        self.work = work
        self.context = context
        (self.helper, self.wakeup) = (helper, wakeup)
        bell = rings ? Bell(stage: work.name) : nil
        statistics = context.figures(of: work.name)
        logger = context.logger(of: work.name)
    }

    /// Runs until the drain begins; never throws: a lost connection is opened again, a failing batch is
    /// reported and tried again.
    package consuming func run() async {
        context.drain.wake(wakeup)
        context.controls.wake(wakeup)
        let rings = bell.map { _ in context.ring(wakeup, for: work.name) }
        var backoff = Backoff()
        var sessions = 0
        while !context.drain.isSet {
            do {
                var connection = try await context.open(context.sessionOptions(work.name))
                if sessions > 0 { statistics.meters.reconnected() }
                sessions += 1
                work.lookAtEverything()
                replanning = Replanning()
                try await serve(&connection) { backoff.reset() }
            } catch {
                guard !Task.isCancelled else { break }
                report(error, "connection lost or batch failed; trying again")
                await context.pause(backoff.advance(), on: wakeup)
            }
        }
        rings?.cancel()
    }

    /// Works on one session until the drain begins. Throws when the session is of no use any more. `onSuccess` is
    /// called after each round that went well.
    private mutating func serve(_ connection: inout Connection, onSuccess: () -> Void) async throws {
        var prelude: [Step] = []
        while !context.drain.isSet {
            do {
                if try await waitWhilePaused(&connection, &prelude) { continue }
                try await workUntilEmpty(&connection, prelude: prelude)
                prelude = []
                onSuccess()
                try await retryBroken(&connection)
                if await pauseBetweenLooks() { continue }
                guard !context.drain.isSet else { return }
                guard !isPaused else { continue }
                let (arming, outcome) = try await armBellAndLook(&connection)
                prelude = bell.map { [$0.disarmStep] } ?? []
                if outcome.rows == 0 { try await sit(arming, outcome, &connection) }
            } catch  where connection.isUsable && !endsSession(error) {
                prelude = bell.map { [$0.disarmStep] } ?? []
                try await recover(from: error, &connection)
            }
        }
    }

    /// The server refuses what another would not, or the session's plans are of another time.
    private func endsSession(_ error: any Error) -> Bool {
        switch PostgresError(in: error)?.state {
        case SQLState.stalePlan?, SQLState.unknownStatement?: true
        default: false
        }
    }

    private var isPaused: Bool { context.controls.isPaused(work.name) }

    /// A paused stage arms no bell, so that inserts need not ring for it, and takes nothing.
    private func waitWhilePaused(
        _ connection: inout Connection, _ prelude: inout [Step]
    ) async throws -> Bool {
        guard isPaused else { return false }
        if !prelude.isEmpty { try await connection.pipeline(prelude) }
        prelude = []
        _ = await wakeup.wait(context.poll)
        return true
    }

    /// Batches until one is not full. Each poll interval one of them looks at everything, because rows that
    /// were committed late, or given back by a crash, lie before the positions.
    private mutating func workUntilEmpty(_ connection: inout Connection, prelude: [Step]) async throws {
        var prelude = prelude
        var full = true
        while full && !context.drain.isSet && !isPaused {
            if lastPoll.duration(to: .now) > context.poll {
                work.lookAtEverything()
                lastPoll = .now
            }
            let start = ContinuousClock.now
            let outcome = try await batch(&connection, prelude: prelude).outcome
            lastBatch = outcome.rows > 0 ? start.duration(to: .now) : .zero
            full = outcome.full
            prelude = full ? bell.map { [$0.ringStep] } ?? [] : []
        }
    }

    private mutating func armBellAndLook(
        _ connection: inout Connection
    ) async throws -> (arming: Bell.Arming, outcome: BatchOutcome) {
        work.lookAtEverything()
        lastPoll = .now
        let (answers, outcome) = try await batch(&connection, prelude: bell.map { [$0.armStep] } ?? [])
        guard let answer = answers.first else { return (.byAnother, outcome) }
        return (try StatementResult<ArmBell>(answer).first() ?? .byAnother, outcome)
    }

    private mutating func batch(
        _ connection: inout Connection, prelude: [Step]
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let replan = replanning.steps()
        let start = ContinuousClock.now
        let limit = batchLimit.rows(of: batchSize)
        var result = try await work.runBatch(&connection, prelude: replan + prelude, limit: limit)
        batchLimit.passed(of: batchSize, logger)
        result.prelude.removeFirst(replan.count)
        let outcome = result.outcome
        if outcome.rows > 0 {
            let took = start.duration(to: .now)
            statistics.done(outcome.rows)
            statistics.meters.batch(outcome.rows, took: took)
            context.meters.issued(after: outcome.waits)
            logger.debug("batch done", metadata: outcome.subjects.metadata(rows: outcome.rows, took: took))
        }
        if outcome.full { helper?.ring() }
        return result
    }

    private var batchSize: Int { context.batchSize(of: work.name) }

    /// Sleeps, and while rings come now and then works without leaving the bell: as all its locks are held, whatever is
    /// inserted since rings, and what comes during a batch is remembered.
    private mutating func sit(
        _ arming: Bell.Arming, _ outcome: BatchOutcome, _ connection: inout Connection
    ) async throws {
        var outcome = outcome
        var last = ContinuousClock.now
        while await sleep(arming, outcome) == .rung, arming == .complete, !context.drain.isSet, !isPaused {
            guard last.duration(to: .now) >= Self.calmInterval else { return }
            last = .now
            work.lookAtEverything()
            outcome = try await batch(&connection, prelude: []).outcome
            guard !outcome.full, !outcome.leaves else { return }
            lastRing = nil
        }
    }

    private mutating func sleep(_ arming: Bell.Arming, _ outcome: BatchOutcome) async -> Wakeup.Cause {
        var longest = context.poll * Double.random(in: 0.75...1.25)
        if let due = outcome.due { longest = min(longest, due) }
        if let limit = partlyArmed.limit(arming) { longest = min(longest, limit) }
        let isDue = outcome.due.map { $0 <= longest } ?? false
        let cause = await wakeup.wait(longest)
        if cause == .rung { lastRing = .now }
        statistics.meters.wokeUp(cause == .rung ? .rung : isDue ? .due : .poll)
        return cause
    }

    /// Waits with the bell disarmed, so that inserts need not ring: the rest of the interval since the last ring, and after
    /// a batch with rows for a fifth of what that took. What comes meanwhile shares the next batch, whose cost is its
    /// beginning: without any rest, eight callers had 1.6 times as many batches, of 2 rows each. A rest as long as the batch
    /// made sign-ins over HTTP wait, which come many at once anyway: 595 a second, and 657 with this.
    private mutating func pauseBetweenLooks() async -> Bool {
        guard bell != nil else { return false }
        let rest = lastRing.take().map { Self.ringInterval - $0.duration(to: .now) } ?? .zero
        let pause = max(rest, min(lastBatch / 5, Self.longestPause))
        guard pause > .zero else { return false }
        _ = await wakeup.wait(pause)
        return true
    }

    /// Also when none is known: a row that has ended other workers is set aside by the claim that leases it once more,
    /// and the worker that did so may have ended, too. The index of such rows is empty.
    private mutating func retryBroken(_ connection: inout Connection) async throws {
        guard nextRetry <= .now, let repair = work.repair else { return }
        let left = try await RowRepair(repair: repair, logger: logger, meters: statistics.meters)
            .retryBroken(&connection)
        nextRetry = .now + (left ? context.poll : max(context.poll, Claim.leaseTime))
    }

    /// A batch failed on a connection that still stands. When a row's own data was the cause, the rows are
    /// tried one by one; anything else (disk full, no permission, a deadlock) is no row's fault.
    private mutating func recover(from error: any Error, _ connection: inout Connection) async throws {
        if !connection.isIdle { try await connection.execute("ROLLBACK") }
        if batchLimit.halve(after: error, of: batchSize, statistics, logger) { return }
        report(error, "batch failed")
        if let repair = work.repair, isFaultOfRow(error) {
            try await RowRepair(repair: repair, logger: logger, meters: statistics.meters)
                .run(&connection, limit: batchLimit.rows(of: batchSize))
            nextRetry = .now + context.poll
        } else if PostgresError(in: error)?.isRetryable != true {
            _ = await wakeup.wait(.milliseconds(500))
        }
    }

    private func report(_ error: any Error, _ message: Logger.Message) {
        statistics.failed(error)
        logger.error(message, metadata: ["error": "\(error)"])
    }
}
