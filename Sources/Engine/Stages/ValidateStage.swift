package import Countersign
package import Logging
package import Postgres

/// Judges submissions: `issued -> scanned -> authenticated | denied`.
///
/// A batch is two short transactions. The claim leases rows of the queue and reads what their signatures and prompts
/// are made of. Then signatures are verified and prompts are made, on threads of their own, while no transaction is
/// open, within a budget for each user and app. After that the rows and their requests are locked (skipping what
/// others hold) and read with all that may have changed, `Judge` decides, and one statement writes every verdict.
///
/// A row whose check fails is tried again alone; what the budget does not allow is given back. A worker that dies
/// leaves leases that end by themselves; a row that ends its workers is soon tried alone, and then given up.
package struct ValidateStage: Stage, Repair {
    package let name = StageName.validate
    package let claim = Claim.validate
    package private(set) var lanes = Lanes()
    private var leases = Leases(.validate)
    private let crew: CryptoCrew
    private let sealer: Sealer
    private let clock: DatabaseClock
    private let budget: CryptoBudget

    /// `clock` is the crew's.
    package init(
        _ crew: CryptoCrew, _ sealer: Sealer, clock: DatabaseClock = DatabaseClock(),
        budget: CryptoBudget = .batch
    ) {
        (self.crew, self.sealer, self.clock, self.budget) = (crew, sealer, clock, budget)
    }

    package var repair: (any Repair)? { self }
    package var suspects: [Identifier] { leases.keys }
    package mutating func lookAtEverything() { lanes.forget() }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let limit = lanes.limit(limit)
        let (before, rows) = try await connection.pipeline(
            after: prelude + leases.releaseAll(), ClaimSubmissions(lanes: lanes, limit: limit))
        try leases.take(rows)
        let claimed = inOrder(try rows.all())
        let full = lanes.advance(
            Self.shares(claimed).inServingOrder(after: lanes.lastServed),
            slice: claimed.first?.slice ?? 1, limit: limit)
        let checked = await check(claimed, budget)
        let judged = try await judge(checked, leases, &connection)
        leases.keep(only: checked.failures.map(\.key))
        if let failure = checked.failures.first { throw failure.error }
        var outcome = BatchOutcome(rows: judged.count, full: full || checked.hasMore)
        if !checked.deferred.isEmpty { leases.noteDeferral() }
        outcome.due = leases.due
        outcome.subjects = LogSubjects(key: "transaction_id", ids: judged)
        return (Array(before.prefix(prelude.count)), outcome)
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        let claimed = inOrder(try await connection.run(ClaimSubmission(key: key)).all())
        if let leases = claimed.first?.leases, leases > UnendedLeases.allowed {
            throw UnendedLeases(count: leases)
        }
        let checked = await check(claimed, .unlimited)
        if let failure = checked.failures.first { throw failure.error }
        var lease = Leases(.validate)
        lease.take(claimed.map { ($0.key, $0.lane) })
        _ = try await judge(checked, lease, &connection)
    }

    package func giveUp(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.run(GiveUpSubmission(key: key))
    }

    /// What failed is a submission; its request is what people ask for.
    package func subject(_ key: Identifier, _ connection: inout Connection) async -> Logger.Metadata {
        let rows = try? await connection.run(ReadTransaction(submission: key))
        var fields: Logger.Metadata = [claim.key: .string(key.description)]
        if let id = try? rows?.first() ?? nil {
            fields["transaction_id"] = .string(id.description)
        }
        return fields
    }

    private func check(
        _ claimed: [ClaimedSubmission], _ budget: CryptoBudget
    ) async -> CheckedBatch<CheckedSubmission> {
        let sealer = sealer
        let answers = await crew.attempt(
            claimed, affinity: \.text.enrollmentID, payer: \.payer, budget
        ) { context, submission in
            try CheckedSubmission(submission, context, sealer)
        }
        return CheckedBatch(claimed.map(\.key), answers)
    }

    /// Returns the transactions of those that were judged; the others have to wait for a later batch.
    private func judge(
        _ checked: CheckedBatch<CheckedSubmission>, _ leases: Leases, _ connection: inout Connection
    ) async throws -> [Identifier] {
        var verdicts = VerdictColumns()
        var steps: [Step] = []
        if !checked.done.isEmpty {
            let (_, switches, rows) = try await connection.pipeline(
                Begin(), ReadSwitches(), HoldSubmissions(checked: checked.done)
            ).results
            var judge = Judge(try switches.one())
            let held = Dictionary(uniqueKeysWithValues: try rows.all().map { ($0.key, $0) })
            for submission in checked.done {
                guard let row = held[submission.claimed.key], row.mayBeJudged else { continue }
                let candidate = Candidate(submission, row)
                verdicts.append(judge.judge(candidate), of: candidate, submission)
            }
            if verdicts.count > 0 { steps.append(Step(WriteVerdicts(verdicts: verdicts))) }
            if !judge.wrongCodes.isEmpty { steps.append(Step(AddWrongCodes(counts: judge.wrongCodes))) }
        }
        let left = checked.setAside.union(checked.done.map(\.claimed.key)).subtracting(verdicts.submissions)
        steps += leases.release(Array(left), deferring: checked.deferred)
        if !checked.done.isEmpty { steps.append(Step(Commit())) }
        if !steps.isEmpty { try await connection.pipeline(steps) }
        return verdicts.transactions
    }

    private func inOrder(_ claimed: [ClaimedSubmission]) -> [ClaimedSubmission] {
        let claimed = claimed.sorted { $0.key < $1.key }
        if let time = claimed.first?.time { clock.set(time) }
        return claimed
    }

    private static func shares(_ claimed: [ClaimedSubmission]) -> [Lanes.Share] {
        Dictionary(grouping: claimed, by: \.lane).values.map { rows in
            Lanes.Share(lane: rows[0].lane, claimed: rows[0].claimedOfLane, last: rows[0].lastOfLane)
        }
    }
}

extension Candidate {
    fileprivate init(_ checked: CheckedSubmission, _ held: HoldSubmissions.Output) {
        let claimed = checked.claimed
        self.init(
            submissionID: claimed.key, appEnabled: held.appEnabled, enrollmentID: claimed.text.enrollmentID,
            action: claimed.text.action, secretDigest: claimed.text.secretDigest,
            promptDigest: claimed.text.promptDigest, isStale: claimed.isStale, signature: checked.signature,
            newPrompt: checked.newPrompt, enrollment: held.enrollment, request: held.request)
    }
}
