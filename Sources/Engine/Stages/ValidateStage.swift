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
        let steps =
            prelude + leases.releaseAll()
            + [Step(Self.claimBatch, Claim.parameters(lanes, limit: limit))]
        let results = try await connection.pipeline(steps)
        let rows = results[steps.count - 1]
        leases.take(try rows.map { (try $0.identifier(0), Int32(try $0.int(1))) })
        let claimed = try inOrder(rows)
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
        return (Array(results.prefix(prelude.count)), outcome)
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        let claimed = try inOrder(try await connection.run(Self.claimAlone, [.identifier(key)]))
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
        try await connection.run(Self.giveUpSubmission, [.identifier(key)])
    }

    /// What failed is a submission; its request is what people ask for.
    package func subject(_ key: Identifier, _ connection: inout Connection) async -> Logger.Metadata {
        let rows = try? await connection.run(Self.readTransaction, [.identifier(key)])
        var fields: Logger.Metadata = [claim.key: .string(key.description)]
        if let id = try? rows?.first?.optionalIdentifier(0) {
            fields["transaction_id"] = .string(id.description)
        }
        return fields
    }

    package static let readTransaction = Statement(
        "validate.transaction",
        "SELECT transaction_id FROM countersign.submissions WHERE submission_id = $1")

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
            let results = try await connection.pipeline([
                Step(.begin), Step(Self.readSwitches), Step(Self.hold, Self.holdParameters(checked.done)),
            ])
            var judge = Judge(try Self.switches(results[1]))
            let held = Dictionary(uniqueKeysWithValues: try results[2].map { (try $0.identifier(0), $0) })
            for submission in checked.done {
                guard let row = held[submission.claimed.key], try row.bool(1) else { continue }
                let candidate = try Candidate(submission, row)
                verdicts.append(judge.judge(candidate), of: candidate, submission)
            }
            if verdicts.count > 0 { steps.append(Step(Self.writeVerdicts, verdicts.parameters)) }
            if !judge.wrongCodes.isEmpty { steps.append(Self.countWrongCodes(judge.wrongCodes)) }
        }
        let left = checked.setAside.union(checked.done.map(\.claimed.key)).subtracting(verdicts.submissions)
        steps += leases.release(Array(left), deferring: checked.deferred)
        if !checked.done.isEmpty { steps.append(Step(.commit)) }
        if !steps.isEmpty { try await connection.pipeline(steps) }
        return verdicts.transactions
    }

    private func inOrder(_ rows: Rows) throws -> [ClaimedSubmission] {
        let claimed = try rows.map { try ClaimedSubmission($0) }.sorted { $0.key < $1.key }
        if let time = claimed.first?.time { clock.set(time) }
        return claimed
    }

    private static func switches(_ rows: Rows) throws -> Judge.Switches {
        let row = rows[0]
        return Judge.Switches(
            mobileAuthentication: try row.bool(0), enrollment: try row.bool(1),
            signatureRequired: try row.bool(2))
    }

    private static func shares(_ claimed: [ClaimedSubmission]) -> [Lanes.Share] {
        Dictionary(grouping: claimed, by: \.lane).values.map { rows in
            Lanes.Share(lane: rows[0].lane, claimed: rows[0].claimedOfLane, last: rows[0].lastOfLane)
        }
    }

    private static func holdParameters(_ checked: [CheckedSubmission]) -> [Parameter] {
        let claimed = checked.map(\.claimed)
        return [
            .identifiers(claimed.map(\.key)), .identifiers(claimed.map(\.text.transactionID)),
            .identifiers(claimed.map(\.text.enrollmentID)), .int32s(claimed.map(\.lane)),
            .bools(claimed.map { $0.text.action == .scan }),
            .texts(checked.map { $0.claimed.text.action == .scan ? $0.signed : nil }),
            .texts(claimed.map(\.keyFingerprint)),
        ]
    }
}

extension Candidate {
    fileprivate init(_ checked: CheckedSubmission, _ row: Row) throws {
        let claimed = checked.claimed
        self.init(
            submissionID: claimed.key, appEnabled: try row.bool(2), enrollmentID: claimed.text.enrollmentID,
            action: claimed.text.action, secretDigest: claimed.text.secretDigest,
            promptDigest: claimed.text.promptDigest, isStale: claimed.isStale, signature: checked.signature,
            newPrompt: checked.newPrompt, enrollment: try Enrollment(row), request: try Request(row))
    }
}

extension Candidate.Enrollment {
    fileprivate init?(_ row: Row) throws {
        guard let status = try row.optionalText(3) else { return nil }
        self.init(
            status: status, isLocked: try row.bool(4), wrongCodes: try row.int(5),
            openScans: try row.int(6))
    }
}

extension Candidate.Request {
    fileprivate init?(_ row: Row) throws {
        guard let transactionID = try row.optionalIdentifier(7) else { return nil }
        self.init(
            transactionID: transactionID, status: try row.text(8), secretDigest: try row.optionalBytes(9),
            scannedBy: try row.optionalIdentifier(10), isDue: try row.bool(11),
            prompt: try row.optionalText(12), isRepeated: try row.bool(13))
    }
}
