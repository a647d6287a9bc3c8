package import Countersign
package import Postgres

/// `requested -> issued`: gives each request a secret, which its portal can collect once.
///
/// One round trip and one commit a batch. Secrets do not depend on the rows, so they are made before the
/// rows are known and handed to the single statement that claims, numbers, updates and stores.
package struct IssueStage: Stage, Repair {
    package let name = StageName.issue
    package let claim = Claim.issue
    package private(set) var lanes = Lanes()
    private var secrets = SecretPool()
    private var days = Days.recent

    package init() {}

    package var repair: (any Repair)? { self }
    package mutating func lookAtEverything() { lanes.forget() }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let offered = secrets.offer(atMost: lanes.limit(limit))
        let issue = IssueBatch(lanes: lanes, secrets: offered, days: days)
        // The next batch's secrets are made while this one runs: they took a tenth of its time.
        async let spare = secrets.more(than: offered.count)
        let (before, issued) = try await run(issue, after: prelude, on: &connection)
        secrets.add(await spare)
        let older = issued.reduce(0) { $0 + $1.older }
        if older > 0 { return (before, waitForAnyDay()) }
        let shares = issued.map(\.share)
        let claimed = shares.reduce(0) { $0 + $1.claimed }
        let full = lanes.advance(
            shares.inServingOrder(after: lanes.lastServed), slice: issued.first?.slice ?? 1,
            limit: offered.count)
        secrets.used(claimed, full: full)
        if !full { days = .recent }
        var outcome = BatchOutcome(rows: claimed, full: full)
        let ids = issued.first?.issued ?? []
        outcome.waits = issued.first.map { first in ids.map { $0.time.duration(to: first.now) } } ?? []
        outcome.subjects = LogSubjects(key: claim.key, ids: ids)
        return (before, outcome)
    }

    /// The next batch is for requests of whatever day. Of this one the secrets of those that were issued are used up.
    private mutating func waitForAnyDay() -> BatchOutcome {
        secrets.discard()
        lanes.forget()
        days = .any
        return BatchOutcome(rows: 1, full: true)
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.run(IssueAlone(key: key, secret: CodeSecrets(making: 1)))
    }

    package func giveUp(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.pipeline(DropQueuedRequest(key: key), FailRequests(ids: [key]))
    }

    /// A failed or unanswered statement may have stored the secrets it was sent: none of them is used again.
    private mutating func run(
        _ statement: IssueBatch, after prelude: [Step], on connection: inout Connection
    ) async throws -> (prelude: [Rows], issued: [IssuedLane]) {
        do {
            let (before, results) = try await connection.pipeline(after: prelude, statement)
            return (before, try results.all())
        } catch {
            secrets.discard()
            throw error
        }
    }
}

/// Secrets made ahead of their use. How many are offered follows the backlog, so that one waiting row does not
/// cost the making and sending of a thousand.
struct SecretPool: Sendable {
    private var secrets = CodeSecrets()
    private var size = 16

    mutating func offer(atMost limit: Int) -> CodeSecrets {
        let wanted = min(size, limit)
        secrets.append(CodeSecrets(making: wanted - secrets.count))
        return secrets.prefix(wanted)
    }

    /// What is missing for a batch as large as the next may be, when this one takes so many. Small ones are made when they
    /// are needed.
    nonisolated func more(than count: Int) async -> CodeSecrets {
        CodeSecrets(making: count > 16 ? min(count + size - secrets.count, 1_000) : 0)
    }

    mutating func add(_ spare: CodeSecrets) { secrets.append(spare) }

    /// The first `count` belong to requests now; the rest were in no row and may be offered again.
    mutating func used(_ count: Int, full: Bool) {
        secrets.removeFirst(min(count, secrets.count))
        size = full ? min(size * 4, 1_000) : max(16, min(size, count * 2))
    }

    mutating func discard() { secrets = CodeSecrets() }
}
