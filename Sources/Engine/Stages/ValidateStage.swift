package import Countersign
package import Logging
package import Places
package import Postgres

/// Judges submissions: `issued -> scanned -> authenticated | denied`.
///
/// A batch is two short transactions. The claim leases rows of the queue and reads what their signatures and prompts
/// are made of. Then signatures are verified and prompts are made, on threads of their own, while no transaction is
/// open, within a budget for each user and app. After that the rows and their requests are locked (skipping what
/// others hold) and read with all that may have changed, `Judge` decides, and one statement writes every verdict.
///
/// Where signatures are not required, a batch begins with one transaction of two round trips that does all this for the
/// submissions that have none, and claims the others.
///
/// A row whose check fails is tried again alone; what the budget does not allow is given back. A worker that dies
/// leaves leases that end by themselves; a row that ends its workers is soon tried alone, and then given up.
package struct ValidateStage: Stage, Repair {
    package let name = StageName.validate
    package let claim = Claim.validate
    package private(set) var lanes = Lanes()
    private var leases = Leases(.validate)
    private let threads: CryptoThreads
    private let sealer: Sealer
    private let clock: DatabaseClock
    private let budget: CryptoBudget
    private let places: Places?
    /// As the switches of the last batch said.
    private var expectsUnsigned = false
    private var memory = DayMemory()
    /// False after a batch of which not all could be written so.
    private var writesApart = true
    private var days: Days { memory.days }

    /// `clock` is that of its threads.
    package init(
        _ threads: CryptoThreads, _ sealer: Sealer, clock: DatabaseClock = DatabaseClock(),
        budget: CryptoBudget = .batch, places: Places? = nil
    ) {
        (self.threads, self.sealer, self.clock, self.budget) = (threads, sealer, clock, budget)
        self.places = places
    }

    package var repair: (any Repair)? { self }
    package var suspects: [Identifier] { leases.keys }
    package mutating func lookAtEverything() { lanes.forget() }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let limit = lanes.limit(limit)
        let steps = prelude + leases.releaseAll()
        var batch =
            try await
            (expectsUnsigned
            ? take(after: steps, limit, &connection) : claim(after: steps, limit, &connection))
        let shares = Self.shares(batch.claimed).inServingOrder(after: lanes.lastServed)
        let full = lanes.advance(shares, slice: batch.claimed.first?.slice ?? 1, limit: limit)
        let signed = batch.claimed.filter { !batch.isPlain($0) }
        let checked = await check(signed, budget)
        let judged = try await judge(checked, leases, &connection)
        batch.judged += judged.transactions
        leases.keep(only: checked.failures.map(\.key))
        if let failure = checked.failures.first { throw failure.error }
        var outcome = BatchOutcome(rows: batch.judged.count, full: full || checked.hasMore)
        outcome.leaves = batch.judged.count < shares.reduce(0) { $0 + $1.claimed }
        leases.note(Array(batch.pauses.values) + Array(judged.pauses.values))
        outcome.due = leases.due
        outcome.subjects = LogSubjects(key: "transaction_id", ids: batch.judged)
        return (Array(batch.prelude.prefix(prelude.count)), outcome)
    }

    /// What was claimed, and what is done with already.
    private struct Batch {
        let prelude: [Rows]
        let claimed: [ClaimedSubmission]
        var plain: Set<Identifier> = []
        /// Transactions.
        var judged: [Identifier] = []
        var pauses: [Identifier: Duration] = [:]

        func isPlain(_ submission: ClaimedSubmission) -> Bool { plain.contains(submission.key) }
    }

    private mutating func claim(
        after steps: [Step], _ limit: Int, _ connection: inout Connection
    ) async throws -> Batch {
        let (before, rows) = try await connection.pipeline(
            after: steps, ClaimSubmissions(lanes: lanes, limit: limit))
        try leases.take(rows)
        return Batch(prelude: before, claimed: inOrder(try rows.all()))
    }

    /// Claims, and judges at once what takes no OpenPGP.
    private mutating func take(
        after steps: [Step], _ limit: Int, _ connection: inout Connection
    ) async throws -> Batch {
        let (before, (_, switches, rows)) = try await connection.pipeline(
            after: steps, Begin(), ReadSwitches(), TakeSubmissions(lanes: lanes, limit: limit))
        try leases.take(rows)
        let taken = try rows.all()
        let claimed = inOrder(taken.map(\.claimed))
        var verdicts = Verdicts(try note(switches.one()))
        for one in taken.sorted(by: { $0.claimed.key < $1.claimed.key }) {
            if let held = one.held { verdicts.judge(CheckedSubmission(plain: one.claimed, places), held) }
        }
        let plain = Set(taken.filter { $0.held != nil }.map(\.claimed.key))
        let pauses = pauses(of: plain.subtracting(verdicts.submissions))
        let release = leases.release(pauses.keys, pauses)
        guard try await write(verdicts, release, &connection) else {
            return try await take(after: steps, limit, &connection)
        }
        return Batch(
            prelude: before, claimed: claimed, plain: plain, judged: verdicts.transactions, pauses: pauses)
    }

    private mutating func note(_ switches: Judge.Switches) -> Judge.Switches {
        expectsUnsigned = !switches.signatureRequired
        return switches
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        var alone = self
        let claimed = inOrder(try await connection.run(ClaimSubmission(key: key)).all())
        if let leases = claimed.first?.leases, leases > UnendedLeases.allowed {
            throw UnendedLeases(count: leases)
        }
        let checked = await check(claimed, .unlimited)
        if let failure = checked.failures.first { throw failure.error }
        var lease = Leases(.validate)
        lease.take(claimed.map { ($0.key, $0.lane) })
        _ = try await alone.judge(checked, lease, &connection)
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
        let (sealer, places) = (sealer, places)
        let answers = await threads.attempt(
            claimed, affinity: \.text.enrollmentID, payer: \.payer, budget
        ) { context, submission in
            try CheckedSubmission(submission, context, sealer, places)
        }
        return CheckedBatch(claimed.map(\.key), answers)
    }

    /// Returns the transactions of those that were judged; the others have to wait for a later batch, some for a pause.
    private mutating func judge(
        _ checked: CheckedBatch<CheckedSubmission>, _ leases: Leases, _ connection: inout Connection
    ) async throws -> (transactions: [Identifier], pauses: [Identifier: Duration]) {
        guard !checked.done.isEmpty else {
            let steps = leases.release(checked.setAside, checked.pauses)
            if !steps.isEmpty { try await connection.pipeline(steps) }
            return ([], checked.pauses)
        }
        let (_, switches, rows) = try await connection.pipeline(
            Begin(), ReadSwitches(), HoldSubmissions(checked: checked.done, days: days)
        ).results
        var verdicts = Verdicts(try note(switches.one()))
        let found = try rows.all()
        if found.contains(where: \.isOutside) {
            try await lookEverywhere(&connection)
            return try await judge(checked, leases, &connection)
        }
        let held = Dictionary(found.map { ($0.held.key, $0.held) }) { first, _ in first }
        for submission in checked.done {
            if let row = held[submission.claimed.key] { verdicts.judge(submission, row) }
        }
        let unjudged = Set(checked.done.map(\.claimed.key)).subtracting(verdicts.submissions)
        let pauses = checked.pauses.merging(pauses(of: unjudged)) { $1 }
        let release = leases.release(checked.setAside.union(unjudged), pauses)
        guard try await write(verdicts, release, &connection) else {
            return try await judge(checked, leases, &connection)
        }
        return (verdicts.transactions, pauses)
    }

    /// Commits. False, and nothing is written, when it has to be done once more: among all days, or all by one statement.
    private mutating func write(
        _ verdicts: Verdicts, _ release: [Step], _ connection: inout Connection
    ) async throws -> Bool {
        do {
            let steps = verdicts.steps(days, apart: writesApart) + release + [Step(Commit())]
            try await connection.pipeline(steps)
            writesApart = true
            return true
        } catch  where error.state == .outsideDays {
            try await lookEverywhere(&connection)
            return false
        } catch  where error.state == .notAll {
            try await connection.execute("ROLLBACK")
            writesApart = false
            return false
        }
    }

    private mutating func lookEverywhere(_ connection: inout Connection) async throws {
        try await connection.execute("ROLLBACK")
        memory.lookEverywhere()
    }

    /// Of submissions whose requests somebody holds.
    private func pauses(of submissions: Set<Identifier>) -> [Identifier: Duration] {
        let now = clock.now
        return Dictionary(
            uniqueKeysWithValues: submissions.map { ($0, Claim.pause(age: $0.time.duration(to: now))) })
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
