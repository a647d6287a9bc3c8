package import Postgres

/// The SQL with which a stage takes rows from its queue, fairly and without waiting for anybody.
///
/// Every queue has a lane (the portal or app whose rows compete with those of others), a UUIDv7 key and an
/// index on (lane, key). The claim visits the lanes that have rows by skipping through that index, a slice
/// each, starting after the lane served last.
///
/// Where a stage works on its rows outside of any transaction, they are leased: another worker passes them over for
/// five seconds. A lease saves work done twice and guards nothing: whoever comes to the end locks the row and looks
/// again whether it still waits.
package struct Claim: Sendable {
    let table: String
    let lane: String
    let key: String
    /// SQL condition on `lanes.lane` under which a lane is served now.
    let gate: String
    /// SQL condition on the queue's row `q`.
    let condition: String
    var isLeased = false

    package static let issue = Claim(
        table: "countersign.issue_queue", lane: "portal_id", key: "transaction_id",
        gate:
            "EXISTS (SELECT FROM countersign.portals p WHERE p.portal_id = lanes.lane AND p.enabled AND NOT p.paused)",
        condition: "q.attempts = 0")
    package static let validate = Claim(
        table: "countersign.validate_queue", lane: "app_id", key: "submission_id", gate: "true",
        condition: "q.attempts = 0 AND \(isFree)", isLeased: true)
    package static let enroll = Claim(
        table: "countersign.enrollments", lane: "app_id", key: "enrollment_id", gate: "true",
        condition: "q.status = 'pending' AND q.attempts = 0 AND \(isFree)", isLeased: true)

    private static let isFree = "coalesce(q.leased_until < clock_timestamp(), true)"

    /// After so many leases that nobody has ended a row is tried alone: it may be what ends its workers.
    private static let leasesTogether = 2

    /// How rows are taken: in rounds, or one named row (after it broke a batch).
    package enum Mode: Sendable, CaseIterable { case round, alone }

    /// The number of parameters the claim takes; the stage's own come after.
    static func parameterCount(_ mode: Mode) -> Int { mode == .round ? 5 : 1 }

    /// $1 known lanes, $2 positions in them, $3 lane served last, $4 rows at most, $5 rows a lane or NULL.
    static func parameters(_ lanes: Lanes, limit: Int) -> [Parameter] {
        [
            .int32s(lanes.known), .identifiers(lanes.after), .int32(lanes.lastServed), .int32(Int32(limit)),
            lanes.slice.map { .int32(Int32($0)) } ?? .null,
        ]
    }

    /// CTEs `lanes` and `claimed (place, lane, key)`, to follow `WITH RECURSIVE`.
    package func sql(_ mode: Mode, locking: Bool = true) -> String {
        let lock = locking ? "FOR UPDATE SKIP LOCKED" : ""
        return switch mode {
        case .round: "\(lanesSQL), claimed AS MATERIALIZED (\(roundSQL(lock)))"
        case .alone:
            """
            claimed AS MATERIALIZED (
                SELECT q.ctid AS place, q.\(lane) AS lane, q.\(key) AS key FROM \(table) q WHERE q.\(key) = $1 \(lock))
            """
        }
    }

    /// Lanes with rows: between two known lanes whatever the index holds, found by one descent each, and the
    /// known ones with their positions. `slice` is the same in each row.
    private var lanesSQL: String {
        """
        skipped (lane, after, known) AS (
            SELECT 0, NULL::uuid, 0
            UNION ALL
            SELECT coalesce(gap.lane, ($1::integer[])[skipped.known + 1]),
                   CASE WHEN gap.lane IS NULL THEN ($2::uuid[])[skipped.known + 1]
                        ELSE '00000000-0000-0000-0000-000000000000' END,
                   CASE WHEN gap.lane IS NULL THEN skipped.known + 1 ELSE skipped.known END
            FROM skipped LEFT JOIN LATERAL (
                SELECT q.\(lane) AS lane FROM \(table) q
                WHERE q.\(lane) > skipped.lane AND q.\(lane) < coalesce(($1::integer[])[skipped.known + 1], 2147483647)
                  AND \(condition)
                ORDER BY q.\(lane) LIMIT 1) AS gap ON true
            WHERE gap.lane IS NOT NULL OR skipped.known < cardinality($1::integer[])
        ), lanes AS MATERIALIZED (
            SELECT lane, after, coalesce($5::integer, greatest(1, $4 / count(*) OVER ())::integer) AS slice
            FROM skipped AS lanes WHERE lane > 0 AND \(gate)
        )
        """
    }

    private func roundSQL(_ lock: String) -> String {
        """
        SELECT picked.* FROM (SELECT * FROM lanes ORDER BY lane <= $3, lane LIMIT $4) AS turn
        CROSS JOIN LATERAL (
            SELECT q.ctid AS place, q.\(lane) AS lane, q.\(key) AS key FROM \(table) q
            WHERE q.\(lane) = turn.lane AND q.\(key) > turn.after AND \(condition)
            ORDER BY q.\(key) LIMIT turn.slice \(lock)) AS picked
        LIMIT $4
        """
    }

    /// Columns `lane, claimed, last, slice` from `claimed`, one row a lane in the order served.
    static func sharesSQL(_ mode: Mode) -> String {
        let slice = mode == .round ? "(SELECT min(slice) FROM lanes)" : "1"
        return """
            SELECT lane, count(*) AS claimed, max(key::text)::uuid AS last, \(slice) AS slice
            """
    }
}

extension Claim {
    /// The keys that the next claim would take, without taking them.
    package var peek: Statement {
        Statement("\(table).peek", "WITH RECURSIVE \(sql(.round, locking: false)) SELECT key FROM claimed")
    }

    /// The keys that broke a batch before.
    package var broken: Statement {
        let pending = condition.replacing("q.attempts = 0", with: "q.attempts > 0")
        return Statement("\(table).broken", "SELECT q.\(key) FROM \(table) q WHERE \(pending) LIMIT 64")
    }

    /// Counts one more failed try of a row; returns how many it has had.
    package var countFailure: Statement {
        Statement(
            "\(table).count_failure",
            """
            UPDATE \(table) SET attempts = attempts + 1\(isLeased ? ", leased_until = NULL" : "")
            WHERE \(key) = $1 RETURNING attempts
            """)
    }
}

extension Claim {
    /// CTE `leased`, with all columns of `source`, which has `place`, and `attempts` and `leases` of the queue.
    func leaseSQL(of source: String, where condition: String = "true") -> String {
        """
        leased AS (
            UPDATE \(table) q
            SET leased_until = clock_timestamp() + interval '5 s', leases = least(q.leases + 1, 1000),
                attempts = CASE WHEN q.attempts = 0 AND q.leases >= \(Self.leasesTogether) THEN 1 ELSE q.attempts END
            FROM \(source) t WHERE q.ctid = t.place AND \(condition)
            RETURNING t.*, q.attempts, q.leases
        )
        """
    }

    /// $1 lanes, $2 keys, $3 whether each is passed over for a moment still. Rows that are gone are gone.
    var release: Statement {
        Statement(
            "\(table).release",
            """
            UPDATE \(table) q
            SET leases = 0, leased_until = CASE WHEN g.deferred THEN clock_timestamp() + interval '100 ms' END
            FROM unnest($1::integer[], $2::uuid[], $3::boolean[]) AS g (lane, key, deferred)
            WHERE q.\(lane) = g.lane AND q.\(key) = g.key AND q.leased_until IS NOT NULL
            """)
    }

    /// How long deferred rows are passed over.
    static let deferral = Duration.milliseconds(100)
}
