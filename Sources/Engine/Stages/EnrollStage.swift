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
    private let threads: CryptoThreads
    private let sealer: Sealer
    private let clock: DatabaseClock

    /// `clock` is that of its threads.
    package init(_ threads: CryptoThreads, _ sealer: Sealer, clock: DatabaseClock = DatabaseClock()) {
        (self.threads, self.sealer, self.clock) = (threads, sealer, clock)
    }

    package var repair: (any Repair)? { self }
    package var suspects: [Identifier] { leases.keys }
    package mutating func lookAtEverything() { lanes.forget() }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let limit = lanes.limit(min(limit, Self.longestBatch))
        let (before, (policy, rows)) = try await connection.pipeline(
            after: prelude + leases.releaseAll(), ReadKeyPolicy(),
            ClaimEnrollments(lanes: lanes, limit: limit))
        try leases.take(rows)
        let claimed = inOrder(try rows.all())
        let shares = Dictionary(grouping: claimed, by: \.lane).values.map { rows in
            Lanes.Share(lane: rows[0].lane, claimed: rows.count, last: rows[rows.count - 1].key)
        }.inServingOrder(after: lanes.lastServed)
        let full = lanes.advance(shares, slice: claimed.first?.slice ?? 1, limit: limit)
        let exchanged = try await exchange(claimed, try policy.one(), .batch, &connection)
        let resolved = try await write(exchanged, leases, &connection)
        leases.keep(only: exchanged.failures.map(\.key))
        if let failure = exchanged.failures.first { throw failure.error }
        var outcome = BatchOutcome(rows: resolved.count, full: full || exchanged.hasMore)
        outcome.leaves = resolved.count < claimed.count
        leases.note(exchanged.pauses.values)
        outcome.due = leases.due
        outcome.subjects = LogSubjects(key: claim.key, ids: resolved)
        return (Array(before.prefix(prelude.count)), outcome)
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        let (policy, rows) = try await connection.pipeline(ReadKeyPolicy(), ClaimEnrollment(key: key)).results
        let claimed = inOrder(try rows.all())
        if let leases = claimed.first?.leases, leases > UnendedLeases.allowed {
            throw UnendedLeases(count: leases)
        }
        let exchanged = try await exchange(claimed, try policy.one(), .unlimited, &connection)
        if let failure = exchanged.failures.first { throw failure.error }
        var lease = Leases(.enroll)
        lease.take(claimed.map { ($0.key, $0.lane) })
        _ = try await write(exchanged, lease, &connection)
    }

    package func giveUp(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.run(RejectEnrollment(key: key))
    }

    private func inOrder(_ claimed: [ClaimedEnrollment]) -> [ClaimedEnrollment] {
        let claimed = claimed.sorted { $0.key < $1.key }
        if let time = claimed.first?.time { clock.set(time) }
        return claimed
    }

    private func exchange(
        _ claimed: [ClaimedEnrollment], _ policy: KeyPolicy, _ budget: CryptoBudget,
        _ connection: inout Connection
    ) async throws -> CheckedBatch<KeyExchange> {
        let shared = try await sharedKey(claimed, policy, &connection)
        let sealer = sealer
        let answers = await threads.attempt(claimed, affinity: \.key, payer: \.payer, budget) {
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
                leases.release(exchanged.setAside, exchanged.pauses))
            return []
        }
        let (_, rows) = try await connection.pipeline(
            Begin(), HoldEnrollments(ids: exchanged.done.map(\.key).sorted())
        ).results
        let held = Set(try rows.all())
        let answers = exchanged.done.filter { held.contains($0.key) }
        let accepted = answers.filter { $0.refusal == nil }.map(\.key)
        let left = exchanged.setAside.union(exchanged.done.map(\.key)).subtracting(held)
        try await connection.pipeline(
            [Step(ReplaceEnrollments(accepted: accepted)), Step(ResolveEnrollments(answers: answers))]
                + leases.release(left, exchanged.pauses) + [Step(Commit())])
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
        let key = try await threads.once { try ServerKey.make($0, sealer) }
        let (_, policy) = try await connection.pipeline(InsertSharedKey(key: key), ReadKeyPolicy()).results
        return try policy.one().sharedKey
    }
}
