import Postgres

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
    /// All lanes that may have rows, as a query: a row of which only the key is known is looked for in each by the index,
    /// where the whole queue would be walked over.
    var allLanes: String {
        lane == "portal_id"
            ? "SELECT portal_id FROM countersign.portals" : "SELECT app_id FROM countersign.apps"
    }

    /// SQL condition that finds the row `q` with the key that is `$1`.
    var isNamed: String { "q.\(lane) = ANY (ARRAY(\(allLanes))) AND q.\(key) = $1" }

    package static let issue = Claim(
        table: "countersign.issue_queue", lane: "portal_id", key: "transaction_id",
        gate:
            "EXISTS (SELECT FROM countersign.portals p WHERE p.portal_id = lanes.lane AND p.enabled AND NOT p.paused)",
        condition: "q.attempts = 0")
    package static let validate = Claim(
        table: "countersign.validate_queue", lane: "app_id", key: "submission_id",
        gate: "NOT (SELECT countersign.lags())",
        condition: "q.attempts = 0 AND \(isFree)", isLeased: true)
    package static let enroll = Claim(
        table: "countersign.enrollments", lane: "app_id", key: "enrollment_id", gate: "true",
        condition: "q.status = 'pending' AND q.attempts = 0 AND \(isOwn) AND \(isFree)", isLeased: true)

    /// Not of the home that this cell follows, which has a worker of its own for it.
    private static let isOwn = """
        countersign.uuid_cell(q.enrollment_id) <> ALL (ARRAY(
            SELECT h.cell FROM countersign.home_heartbeat h WHERE h.cell <> countersign.cell()))
        """

    /// Not leased; or by a session that has ended: its worker has been killed, or has lost it. The sessions there are
    /// looked up only when a leased row is met. Another session that got the number of one that has ended makes the
    /// lease last as long as any.
    private static let isFree = """
        (coalesce(q.leased_until < clock_timestamp(), true) OR q.leased_by <> ALL ((SELECT array_agg(
            pg_stat_get_backend_pid(b.id)) FROM pg_stat_get_backend_idset() AS b (id))::integer[]))
        """

    /// How long a lease lasts whose session goes on.
    static let leaseTime = Duration.seconds(5)

    /// After so many leases that nobody has ended a row is tried alone: it may be what ends its workers.
    private static let leasesTogether = 2

    static let all = [issue, validate, enroll]

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
        case .round: "\(LaneSQL.lanes(of: self)), claimed AS MATERIALIZED (\(roundSQL(lock)))"
        case .alone:
            """
            claimed AS MATERIALIZED (
                SELECT q.ctid AS place, q.\(lane) AS lane, q.\(key) AS key FROM \(table) q WHERE \(isNamed) \(lock))
            """
        }
    }

    /// Key and lane are compared and ordered together, so that the index of both is the only one that serves: by a key
    /// alone an enrollment's was read from the beginning, past all that wait no more.
    private func roundSQL(_ lock: String) -> String {
        """
        SELECT picked.* FROM (SELECT * FROM lanes ORDER BY lane <= $3, lane LIMIT $4) AS turn
        CROSS JOIN LATERAL (
            SELECT q.ctid AS place, q.\(lane) AS lane, q.\(key) AS key FROM \(table) q
            WHERE (q.\(lane), q.\(key)) > (turn.lane, turn.after) AND q.\(lane) <= turn.lane AND \(condition)
            ORDER BY q.\(lane), q.\(key) LIMIT turn.slice \(lock)) AS picked
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
    /// CTE `leased`, as a rule with all columns of `source`, which has `place`, and `attempts` and `leases` of the queue.
    func leaseSQL(
        of source: String, where condition: String = "true",
        returning columns: String = "t.*, q.attempts, q.leases"
    ) -> String {
        """
        leased AS (
            UPDATE \(table) q
            SET leased_until = clock_timestamp() + interval '\(Self.leaseTime.components.seconds) s',
                leased_by = pg_backend_pid(), leases = least(q.leases + 1, 1000),
                attempts = CASE WHEN q.attempts = 0 AND q.leases >= \(Self.leasesTogether) THEN 1 ELSE q.attempts END
            FROM \(source) t WHERE q.ctid = t.place AND \(condition)
            RETURNING \(columns)
        )
        """
    }

    /// How long rows are passed over whose check would have cost too much, at least.
    static let deferral = Duration.milliseconds(100)

    /// How long a row of that age is passed over that could not be worked on because somebody holds what it needs: it is
    /// tried less and less often. 300 scans of requests that their portal held locked were verified in every batch, and
    /// everybody's scan took 286 ms instead of 36.
    static func pause(age: Duration) -> Duration { min(.seconds(2), max(deferral, age / 2)) }
}
