package import Countersign
import Crypto
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

    package init() {}

    package var repair: (any Repair)? { self }
    package mutating func lookAtEverything() { lanes.forget() }

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let offered = secrets.offer(atMost: lanes.limit(limit))
        let issue = IssueBatch(lanes: lanes, secrets: offered.secrets, digests: offered.digests)
        let (before, issued) = try await run(issue, after: prelude, on: &connection)
        let shares = issued.map(\.share)
        let claimed = shares.reduce(0) { $0 + $1.claimed }
        let full = lanes.advance(
            shares.inServingOrder(after: lanes.lastServed), slice: issued.first?.slice ?? 1,
            limit: offered.count)
        secrets.used(claimed, full: full)
        var outcome = BatchOutcome(rows: claimed, full: full)
        let ids = issued.first?.issued ?? []
        outcome.waits = issued.first.map { first in ids.map { $0.time.duration(to: first.now) } } ?? []
        outcome.subjects = LogSubjects(key: claim.key, ids: ids)
        return (before, outcome)
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        var pool = SecretPool()
        let one = pool.offer(atMost: 1)
        let issue = IssueAlone(key: key, secrets: one.secrets, digests: one.digests)
        try await connection.run(issue)
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
    private var secrets: [[UInt8]] = []
    private var digests: [[UInt8]] = []
    private var size = 16

    struct Offer {
        let secrets: [[UInt8]]
        let digests: [[UInt8]]
        var count: Int { secrets.count }
    }

    mutating func offer(atMost limit: Int) -> Offer {
        let wanted = min(size, limit)
        while secrets.count < wanted {
            let secret = OneTimePassword.makeSecret()
            secrets.append(secret)
            digests.append(Array(SHA256.hash(data: secret)))
        }
        return Offer(secrets: Array(secrets.prefix(wanted)), digests: Array(digests.prefix(wanted)))
    }

    /// The first `count` belong to requests now; the rest were in no row and may be offered again.
    mutating func used(_ count: Int, full: Bool) {
        secrets.removeFirst(min(count, secrets.count))
        digests.removeFirst(min(count, digests.count))
        size = full ? min(size * 4, 1_000) : max(16, min(size, count * 2))
    }

    mutating func discard() { (secrets, digests) = ([], []) }
}
