package import Countersign
package import Postgres

/// `pending -> active | rejected`: looks at the device's key and gives the server's in exchange. An enrollment of
/// the same user and device replaces the one before it, which becomes `revoked` with the reason `replaced`.
///
/// A batch is two short transactions: the claim leases pending rows, the keys are checked and made on threads of their
/// own while nothing is held, then the rows are locked and two statements write all.
package struct EnrollStage: Stage, Repair {
    /// Making a key pair for each takes half a millisecond: rows at most in one batch.
    private static let longestBatch = 128

    package let name = StageName.enroll
    package let claim = Claim.enroll
    package private(set) var lanes = Lanes()
    private var leases = Leases(.enroll)
    private let crew: CryptoCrew
    private let sealer: Sealer
    private let clock: DatabaseClock

    /// `clock` is the crew's.
    package init(_ crew: CryptoCrew, _ sealer: Sealer, clock: DatabaseClock = DatabaseClock()) {
        (self.crew, self.sealer, self.clock) = (crew, sealer, clock)
    }

    package var repair: (any Repair)? { self }
    package var suspects: [Identifier] { leases.keys }
    package mutating func lookAtEverything() { lanes.forget() }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let limit = lanes.limit(min(limit, Self.longestBatch))
        let steps =
            prelude + leases.releaseAll() + [
                Step(Self.readKeys), Step(Self.claimBatch, Claim.parameters(lanes, limit: limit)),
            ]
        let results = try await connection.pipeline(steps)
        let rows = results[steps.count - 1]
        leases.take(try rows.map { (try $0.identifier(0), Int32(try $0.int(1))) })
        let claimed = try inOrder(rows)
        let shares = Dictionary(grouping: claimed, by: \.lane).values.map { rows in
            Lanes.Share(lane: rows[0].lane, claimed: rows.count, last: rows[rows.count - 1].key)
        }.inServingOrder(after: lanes.lastServed)
        let full = lanes.advance(shares, slice: claimed.first?.slice ?? 1, limit: limit)
        let exchanged = try await exchange(
            claimed, try KeyPolicy(results[steps.count - 2][0]), .batch, &connection)
        let resolved = try await write(exchanged, leases, &connection)
        leases.keep(only: exchanged.failures.map(\.key))
        if let failure = exchanged.failures.first { throw failure.error }
        var outcome = BatchOutcome(rows: resolved.count, full: full || exchanged.hasMore)
        if !exchanged.deferred.isEmpty { leases.noteDeferral() }
        outcome.due = leases.due
        outcome.subjects = LogSubjects(key: claim.key, ids: resolved)
        return (Array(results.prefix(prelude.count)), outcome)
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        let results = try await connection.pipeline([
            Step(Self.readKeys), Step(Self.claimAlone, [.identifier(key)]),
        ])
        let claimed = try inOrder(results[1])
        if let leases = claimed.first?.leases, leases > UnendedLeases.allowed {
            throw UnendedLeases(count: leases)
        }
        let exchanged = try await exchange(claimed, try KeyPolicy(results[0][0]), .unlimited, &connection)
        if let failure = exchanged.failures.first { throw failure.error }
        var lease = Leases(.enroll)
        lease.take(claimed.map { ($0.key, $0.lane) })
        _ = try await write(exchanged, lease, &connection)
    }

    package func giveUp(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.run(Self.reject, [.identifier(key)])
    }

    private func inOrder(_ rows: Rows) throws -> [ClaimedEnrollment] {
        let claimed = try rows.map { try ClaimedEnrollment($0) }.sorted { $0.key < $1.key }
        if let time = claimed.first?.time { clock.set(time) }
        return claimed
    }

    private func exchange(
        _ claimed: [ClaimedEnrollment], _ policy: KeyPolicy, _ budget: CryptoBudget,
        _ connection: inout Connection
    ) async throws -> CheckedBatch<KeyExchange> {
        let shared = try await sharedKey(claimed, policy, &connection)
        let sealer = sealer
        let answers = await crew.attempt(claimed, affinity: \.key, payer: \.payer, budget) {
            context, enrollment in
            try KeyExchange(enrollment, shared: shared, context, sealer)
        }
        return CheckedBatch(claimed.map(\.key), answers)
    }

    /// Returns the enrollments that are no longer pending. The replaced ones go first: the unique index allows one
    /// active one at any moment.
    private func write(
        _ exchanged: CheckedBatch<KeyExchange>, _ leases: Leases, _ connection: inout Connection
    ) async throws -> [Identifier] {
        guard !exchanged.done.isEmpty else {
            try await connection.pipeline(
                leases.release(Array(exchanged.setAside), deferring: exchanged.deferred))
            return []
        }
        let results = try await connection.pipeline([
            Step(.begin), Step(Self.hold, [.identifiers(exchanged.done.map(\.key).sorted())]),
        ])
        let held = Set(try results[1].map { try $0.identifier(0) })
        let answers = exchanged.done.filter { held.contains($0.key) }
        let accepted = answers.filter { $0.refusal == nil }.map(\.key)
        let left = exchanged.setAside.union(exchanged.done.map(\.key)).subtracting(held)
        try await connection.pipeline(
            [Step(Self.replace, [.identifiers(accepted)]), Step(Self.resolve, Self.columns(answers))]
                + leases.release(Array(left), deferring: exchanged.deferred) + [Step(.commit)])
        return answers.map(\.key)
    }

    /// The one pair for all, if the settings want it, made when there is none. Of two workers that make one at
    /// the same time the second waits here for the first, and takes its.
    private func sharedKey(
        _ claimed: [ClaimedEnrollment], _ policy: KeyPolicy, _ connection: inout Connection
    ) async throws -> Identifier? {
        guard policy.isShared, claimed.contains(where: { $0.publicKey != nil }) else { return nil }
        if let current = policy.sharedKey { return current }
        let sealer = sealer
        let key = try await crew.once { try ServerKey.make($0, sealer) }
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
