package import Countersign
import OpenPGP
package import Postgres

/// `pending -> active | rejected`: looks at the device's key and gives the server's in exchange. An enrollment of
/// the same user and device replaces the one before it, which becomes `revoked` with the reason `replaced`.
///
/// A batch is one transaction: the claim locks the pending rows, which nobody waits for, the keys are checked and
/// made on all cores, two statements write all.
package struct EnrollStage: Stage, Repair {
    /// Making a key pair for each takes half a millisecond: rows at most in one transaction.
    private static let longestBatch = 128

    package let name = StageName.enroll
    package let claim = Claim.enroll
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
        let limit = lanes.limit(min(limit, Self.longestBatch))
        let opening =
            prelude + [
                Step(.begin), Step(Self.readKeys),
                Step(Self.claimBatch, Claim.parameters(lanes, limit: limit)),
            ]
        let results = try await connection.pipeline(opening)
        let claimed = try results[opening.count - 1].map { try ClaimedEnrollment($0) }.sorted {
            $0.key < $1.key
        }
        try await enroll(claimed, try KeyPolicy(results[opening.count - 2][0]), &connection)
        let shares = Dictionary(grouping: claimed, by: \.lane).values.map { rows in
            Lanes.Share(lane: rows[0].lane, claimed: rows.count, last: rows[rows.count - 1].key)
        }.inServingOrder(after: lanes.lastServed)
        let full = lanes.advance(shares, slice: claimed.first?.slice ?? 1, limit: limit)
        var outcome = BatchOutcome(rows: claimed.count, full: full)
        outcome.subjects = LogSubjects(key: claim.key, ids: claimed.map(\.key))
        return (Array(results.prefix(prelude.count)), outcome)
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        let results = try await connection.pipeline([
            Step(.begin), Step(Self.readKeys), Step(Self.claimAlone, [.identifier(key)]),
        ])
        let claimed = try results[2].map { try ClaimedEnrollment($0) }
        try await enroll(claimed, try KeyPolicy(results[1][0]), &connection)
    }

    package func giveUp(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.run(Self.reject, [.identifier(key)])
    }

    /// The replaced enrollments go first: the unique index allows one active one at any moment.
    private func enroll(
        _ claimed: [ClaimedEnrollment], _ policy: KeyPolicy, _ connection: inout Connection
    ) async throws {
        guard !claimed.isEmpty else {
            try await connection.run(.commit)
            return
        }
        let shared = try await sharedKey(claimed, policy, &connection)
        let sealer = sealer
        let answers = try await crew.map(claimed, affinity: \.key) { context, enrollment in
            try KeyExchange(enrollment, shared: shared, context, sealer)
        }
        let accepted = answers.filter { $0.refusal == nil }.map(\.key)
        try await connection.pipeline([
            Step(Self.replace, [.identifiers(accepted)]), Step(Self.resolve, Self.columns(answers)),
            Step(.commit),
        ])
    }

    /// The one pair for all, if the settings want it, made when there is none. Of two workers that make one at
    /// the same time the second waits here for the first, and takes its.
    private func sharedKey(
        _ claimed: [ClaimedEnrollment], _ policy: KeyPolicy, _ connection: inout Connection
    ) async throws -> Identifier? {
        guard policy.isShared, claimed.contains(where: { $0.publicKey != nil }) else { return nil }
        if let current = policy.sharedKey { return current }
        let key = try ServerKey.make(crew.contexts[0], sealer)
        let results = try await connection.pipeline([
            Step(
                Self.insertShared,
                [
                    .identifier(key.id), .text(key.fingerprint), .text(key.publicKey),
                    .bytes(key.sealedSecretKey),
                ]),
            Step(Self.readKeys),
        ])
        return try KeyPolicy(results[1][0]).sharedKey
    }

    private static func columns(_ answers: [KeyExchange]) -> [Parameter] {
        [
            .identifiers(answers.map(\.key)), .texts(answers.map(\.refusal)),
            .texts(answers.map(\.fingerprint)), .optionalIdentifiers(answers.map(\.serverKeyID)),
            .texts(answers.map { $0.made?.fingerprint }), .texts(answers.map { $0.made?.publicKey }),
            .optionalByteses(answers.map { $0.made?.sealedSecretKey }),
        ]
    }
}

/// Which of the server's keys an enrollment gets.
private struct KeyPolicy {
    let isShared: Bool
    /// The current shared pair, if there is one.
    let sharedKey: Identifier?

    init(_ row: Row) throws {
        isShared = try !row.bool(0)
        sharedKey = try row.optionalIdentifier(1)
    }
}

/// A pending enrollment.
private struct ClaimedEnrollment: Sendable {
    let key: Identifier
    let lane: Int32
    let slice: Int
    let publicKey: String?

    init(_ row: Row) throws {
        key = try row.identifier(0)
        lane = Int32(try row.int(1))
        slice = try row.int(2)
        publicKey = try row.optionalText(3)
    }
}

/// What became of one device's key. Without a key, where none is required, the app vouches for the device.
private struct KeyExchange: Sendable {
    let key: Identifier
    var refusal: String?
    var fingerprint: String?
    var serverKeyID: Identifier?
    /// The pair made for this enrollment alone.
    var made: ServerKey?

    /// `shared`: the pair to hand out instead of making one.
    init(
        _ enrollment: ClaimedEnrollment, shared: Identifier?, _ context: OpenPGPContext, _ sealer: Sealer
    ) throws {
        key = enrollment.key
        guard let publicKey = enrollment.publicKey else { return }
        do throws(KeyRefusal) {
            let device = try context.inspect(publicKey: publicKey)
            fingerprint = device.fingerprint
            guard device.canEncrypt else {
                refusal =
                    "public_key: the key has no valid subkey for encryption, to which a secure_message "
                    + "could be encrypted"
                return
            }
        } catch {
            refusal = "public_key: \(error)"
            return
        }
        made = try shared == nil ? ServerKey.make(context, sealer) : nil
        serverKeyID = shared ?? made?.id
    }
}
