package import Countersign
package import Logging
package import Postgres

/// Judges submissions: `issued -> scanned -> authenticated | denied`.
///
/// A batch is one transaction. The claim locks rows of the queue, which nobody else waits for, and reads what
/// cannot change any more; then signatures are verified and prompts are made, on all cores. Only after that
/// are the requests locked (skipping what others hold) and read with all that may change, `Judge` decides, and
/// one statement writes every verdict. It judges at most one submission of each open request, the oldest; all
/// of those whose request has ended already.
package struct ValidateStage: Stage, Repair {
    package let name = StageName.validate
    package let claim = Claim.validate
    package private(set) var lanes = Lanes()
    private let crew: CryptoCrew
    private let sealer: Sealer

    package init(_ crew: CryptoCrew, _ sealer: Sealer) {
        (self.crew, self.sealer) = (crew, sealer)
    }

    package var repair: (any Repair)? { self }
    package mutating func lookAtEverything() { lanes.forget() }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let limit = lanes.limit(limit)
        let opening =
            prelude + [Step(.begin), Step(Self.claimBatch, Claim.parameters(lanes, limit: limit))]
        let results = try await connection.pipeline(opening)
        let claimed = try Self.inOrder(results[opening.count - 1])
        let judged = try await judge(claimed, &connection)
        let full = lanes.advance(
            Self.shares(claimed).inServingOrder(after: lanes.lastServed),
            slice: claimed.first?.slice ?? 1, limit: limit)
        var outcome = BatchOutcome(rows: judged.count, full: full)
        outcome.subjects = LogSubjects(key: "transaction_id", ids: judged)
        return (Array(results.prefix(prelude.count)), outcome)
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        let results = try await connection.pipeline([
            Step(.begin), Step(Self.claimAlone, [.identifier(key)]),
        ])
        _ = try await judge(try Self.inOrder(results[1]), &connection)
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

    /// Returns the transactions of those that were judged; the others have to wait for a later batch.
    private func judge(
        _ claimed: [ClaimedSubmission], _ connection: inout Connection
    ) async throws -> [Identifier] {
        guard !claimed.isEmpty else {
            try await connection.run(.commit)
            return []
        }
        let sealer = sealer
        let checked = try await crew.map(claimed, affinity: \.text.enrollmentID) { context, submission in
            try CheckedSubmission(submission, context, sealer)
        }
        let results = try await connection.pipeline([
            Step(Self.readSwitches), Step(Self.hold, Self.holdParameters(checked)),
        ])
        var judge = Judge(try Self.switches(results[0]))
        var verdicts = VerdictColumns()
        let held = Dictionary(uniqueKeysWithValues: try results[1].map { (try $0.identifier(0), $0) })
        for submission in checked {
            guard let row = held[submission.claimed.key], try row.bool(1) else { continue }
            let candidate = try Candidate(submission, row)
            verdicts.append(judge.judge(candidate), of: candidate, submission.claimed)
        }
        var steps = verdicts.count > 0 ? [Step(Self.writeVerdicts, verdicts.parameters)] : []
        if !judge.wrongCodes.isEmpty { steps.append(Self.countWrongCodes(judge.wrongCodes)) }
        try await connection.pipeline(steps + [Step(.commit)])
        return verdicts.transactions
    }

    private static func inOrder(_ rows: Rows) throws -> [ClaimedSubmission] {
        try rows.map { try ClaimedSubmission($0) }.sorted { $0.key < $1.key }
    }

    private static func switches(_ rows: Rows) throws -> Judge.Switches {
        let row = rows[0]
        return Judge.Switches(
            mobileAuthentication: try row.bool(0), enrollment: try row.bool(1),
            signatureRequired: try row.bool(2))
    }

    private static func shares(_ claimed: [ClaimedSubmission]) -> [Lanes.Share] {
        Dictionary(grouping: claimed, by: \.lane)
            .map { lane, rows in
                Lanes.Share(lane: lane, claimed: rows.count, last: rows.map(\.key).max() ?? rows[0].key)
            }
    }

    private static func holdParameters(_ checked: [CheckedSubmission]) -> [Parameter] {
        let claimed = checked.map(\.claimed)
        return [
            .identifiers(claimed.map(\.key)), .identifiers(claimed.map(\.text.transactionID)),
            .identifiers(claimed.map(\.text.enrollmentID)), .int32s(claimed.map(\.lane)),
            .bools(claimed.map { $0.text.action == .scan }),
            .texts(claimed.map { $0.text.action == .scan ? $0.signature : nil }),
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

/// The verdicts of a batch, a column each, as the writing statement takes them.
private struct VerdictColumns {
    private var submissions: [Identifier] = []
    private(set) var transactions: [Identifier] = []
    private var enrollments: [Identifier] = []
    private var effects: [String] = []
    private var reasons: [String?] = []
    private var prompts: [String?] = []
    private var fingerprints: [String?] = []
    private var scanSignatures: [String?] = []

    var count: Int { submissions.count }

    /// Effects: `reject`, `scan`, `scan_again`, and the ends `authenticated` and `denied`.
    mutating func append(_ verdict: Verdict, of candidate: Candidate, _ claimed: ClaimedSubmission) {
        submissions.append(candidate.submissionID)
        transactions.append(claimed.text.transactionID)
        enrollments.append(candidate.enrollmentID)
        let (effect, reason, prompt): (String, String?, String?) =
            switch verdict {
            case .rejected(let reason): ("reject", reason.rawValue, nil)
            case .scan(let prompt): ("scan", nil, prompt)
            case .scanAgain(let prompt): ("scan_again", nil, prompt)
            case .end(let accepted): (accepted ? "authenticated" : "denied", nil, nil)
            }
        effects.append(effect)
        reasons.append(reason)
        prompts.append(prompt)
        fingerprints.append(candidate.signature.fingerprint)
        scanSignatures.append(effect == "scan" ? claimed.signature : nil)
    }

    var parameters: [Parameter] {
        [
            .identifiers(submissions), .identifiers(transactions), .identifiers(enrollments),
            .texts(effects), .texts(reasons), .texts(prompts), .texts(fingerprints), .texts(scanSignatures),
        ]
    }
}
