package import Postgres

/// Judges submissions: `issued -> scanned -> authenticated | denied`.
///
/// A batch is one transaction in two round trips: the claim locks queue rows and requests (skipping what
/// others hold) and reads all that matters, `Judge` decides, one statement writes every verdict. It takes at
/// most one submission of each open request, the oldest; all of those whose request has ended already.
package struct ValidateStage: Stage, Repair {
    package let name = StageName.validate
    package let claim = Claim.validate
    package private(set) var lanes = Lanes()

    package init() {}

    package var repair: (any Repair)? { self }
    package mutating func lookAtEverything() { lanes.forget() }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let opening =
            prelude + [
                Step(.begin), Step(Self.readSwitches),
                Step(Self.claimBatch, Claim.parameters(lanes, limit: limit)),
            ]
        let results = try await connection.pipeline(opening)
        let claimed = try results[opening.count - 1].map { try ClaimedSubmission($0) }
        let candidates = claimed.compactMap(\.candidate)
        let switches = try Self.switches(results[opening.count - 2])
        try await write(candidates, switches, &connection)
        let full = lanes.advance(
            Self.shares(claimed).inServingOrder(after: lanes.lastServed),
            slice: claimed.first?.slice ?? 1, limit: limit)
        return (Array(results.prefix(prelude.count)), BatchOutcome(rows: candidates.count, full: full))
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        let results = try await connection.pipeline([
            Step(.begin), Step(Self.readSwitches), Step(Self.claimAlone, [.identifier(key)]),
        ])
        let candidates = try results[2].compactMap { try ClaimedSubmission($0).candidate }
        try await write(candidates, try Self.switches(results[1]), &connection)
    }

    package func giveUp(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.run(Self.giveUpSubmission, [.identifier(key)])
    }

    private func write(
        _ candidates: [Candidate], _ switches: Judge.Switches, _ connection: inout Connection
    ) async throws {
        guard !candidates.isEmpty else {
            try await connection.run(.commit)
            return
        }
        var judge = Judge(switches)
        var verdicts = VerdictColumns()
        for candidate in candidates { verdicts.append(judge.judge(candidate), of: candidate) }
        var steps = [Step(Self.writeVerdicts, verdicts.parameters)]
        if !judge.wrongCodes.isEmpty { steps.append(Self.countWrongCodes(judge.wrongCodes)) }
        try await connection.pipeline(steps + [Step(.commit)])
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
}

/// A row of the claim; the candidate is nil when it has to wait for a later batch.
struct ClaimedSubmission {
    let key: Identifier
    let lane: Int32
    let slice: Int
    let candidate: Candidate?

    init(_ row: Row) throws {
        key = try row.identifier(0)
        lane = Int32(try row.int(1))
        slice = try row.int(2)
        candidate = try row.bool(3) ? Candidate(row, key: key, lane: lane) : nil
    }
}

extension Candidate {
    init(_ row: Row, key: Identifier, lane: Int32) throws {
        guard let action = SubmissionAction(rawValue: try row.text(5)) else {
            throw DecodingFailure(column: "action", found: "another word", wanted: "scan, accept or deny")
        }
        self.init(
            submissionID: key, appID: lane, appEnabled: try row.bool(4),
            enrollmentID: try row.identifier(6), action: action, secretDigest: try row.bytes(7),
            isStale: try row.bool(8), hasSignature: try row.bool(9),
            enrollment: try Enrollment(row), request: try Request(row))
    }
}

extension Candidate.Enrollment {
    fileprivate init?(_ row: Row) throws {
        guard let status = try row.optionalText(10) else { return nil }
        self.init(
            status: status, isLocked: try row.bool(11), wrongCodes: try row.int(12),
            openScans: try row.int(13))
    }
}

extension Candidate.Request {
    fileprivate init?(_ row: Row) throws {
        guard let transactionID = try row.optionalIdentifier(14) else { return nil }
        self.init(
            transactionID: transactionID, status: try row.text(15), secretDigest: try row.optionalBytes(16),
            scannedBy: try row.optionalIdentifier(17), isDue: try row.bool(18),
            prompt: try row.optionalText(19), promptParts: try row.texts(20))
    }
}

/// The verdicts of a batch, a column each, as the writing statement takes them.
private struct VerdictColumns {
    private var submissions: [Identifier] = []
    private var transactions: [Identifier] = []
    private var enrollments: [Identifier] = []
    private var effects: [String] = []
    private var reasons: [String?] = []
    private var prompts: [String?] = []

    /// Effects: `reject`, `scan`, `scan_again`, and the ends `authenticated` and `denied`.
    mutating func append(_ verdict: Verdict, of candidate: Candidate) {
        submissions.append(candidate.submissionID)
        transactions.append(candidate.request?.transactionID ?? candidate.submissionID)
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
    }

    var parameters: [Parameter] {
        [
            .identifiers(submissions), .identifiers(transactions), .identifiers(enrollments),
            .texts(effects), .texts(reasons), .texts(prompts),
        ]
    }
}
