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
        let step = Step(
            Self.issueBatch,
            Claim.parameters(lanes, limit: offered.count) + [
                .byteses(offered.secrets), .byteses(offered.digests),
            ])
        let results = try await run(prelude + [step], on: &connection)
        let (shares, slice) = try Self.shares(results[prelude.count])
        let claimed = shares.reduce(0) { $0 + $1.claimed }
        let full = lanes.advance(
            shares.inServingOrder(after: lanes.lastServed), slice: slice, limit: offered.count)
        secrets.used(claimed, full: full)
        var outcome = BatchOutcome(rows: claimed, full: full)
        let issued = try Self.issued(results[prelude.count])
        outcome.waits = issued.waits
        outcome.subjects = LogSubjects(key: claim.key, ids: issued.ids)
        return (Array(results.dropLast()), outcome)
    }

    package func runAlone(_ key: Identifier, _ connection: inout Connection) async throws {
        var pool = SecretPool()
        let one = pool.offer(atMost: 1)
        try await connection.run(
            Self.issueAlone, [.identifier(key), .byteses(one.secrets), .byteses(one.digests)])
    }

    package func giveUp(_ key: Identifier, _ connection: inout Connection) async throws {
        try await connection.pipeline([
            Step(Self.dropBroken, [.identifier(key)]),
            Step(FailRequests(ids: [key])),
        ])
    }

    /// A failed or unanswered statement may have stored the secrets it was sent: none of them is used again.
    private mutating func run(_ steps: [Step], on connection: inout Connection) async throws -> [Rows] {
        do {
            return try await connection.pipeline(steps)
        } catch {
            secrets.discard()
            throw error
        }
    }

    /// The requests that got a code, which the first row names.
    private static func issued(_ rows: Rows) throws -> (ids: [Identifier], waits: [Duration]) {
        guard let row = rows.first, !(try row.isNull(5)) else { return ([], []) }
        let (ids, now) = (try row.identifiers(5), try row.timestamp(6))
        return (ids, ids.map { $0.time.duration(to: now) })
    }

    static func shares(_ rows: Rows) throws -> (shares: [Lanes.Share], slice: Int) {
        let shares = try rows.map { row in
            Lanes.Share(
                lane: Int32(try row.int(0)), claimed: Int(try row.int(1)), last: try row.identifier(2))
        }
        return (shares, try rows.first.map { Int(try $0.int(3)) } ?? 1)
    }
}

extension IssueStage {
    package static let issueBatch = Statement("issue.batch", issueSQL(.round))
    package static let issueAlone = Statement("issue.alone", issueSQL(.alone))
    package static let dropBroken = Statement(
        "issue.drop_broken", "DELETE FROM countersign.issue_queue WHERE transaction_id = $1")

    /// The queue row is what locks: cancel_request takes it before the request, so a request whose queue row is
    /// ours is held by nobody that we could wait for. A request that expired or ended meanwhile, or one that
    /// slipped past the switch in an old snapshot, loses its queue row and is left to the expire stage.
    private static func issueSQL(_ mode: Claim.Mode) -> String {
        let first = Claim.parameterCount(mode) + 1
        return """
            WITH RECURSIVE \(Claim.issue.sql(mode)), gone AS (
                DELETE FROM countersign.issue_queue WHERE ctid = ANY (ARRAY(SELECT place FROM claimed))
            ), numbered AS (
                SELECT key, (row_number() OVER ())::integer AS n FROM claimed
            ), issued AS (
                UPDATE countersign.auth_requests r
                SET status = 'issued', issued_at = clock_timestamp(), secret_digest = ($\(first + 1)::bytea[])[n]
                FROM numbered, countersign.settings s
                WHERE r.transaction_id = numbered.key AND r.status = 'requested'
                  AND r.expires_at > clock_timestamp() AND s.mobile_authentication_enabled
                RETURNING r.transaction_id, r.portal_id, r.expires_at, n
            ), stored AS (
                INSERT INTO countersign.otp_secrets (transaction_id, expires_at, portal_id, secret)
                SELECT transaction_id, expires_at, portal_id, ($\(first)::bytea[])[n] FROM issued
            ), told AS (
                SELECT countersign.tell_portals(array_agg(portal_id), array_agg(transaction_id),
                                                array_fill('issued'::text, ARRAY[count(*)::integer]))
                FROM issued HAVING count(*) > 0
            )
            \(Claim.sharesSQL(mode)), (SELECT count(*) FROM told),
                CASE WHEN row_number() OVER () = 1 THEN (SELECT array_agg(transaction_id) FROM issued) END,
                clock_timestamp()
            FROM claimed GROUP BY lane
            """
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
