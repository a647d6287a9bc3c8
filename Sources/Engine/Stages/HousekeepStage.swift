package import Countersign
package import Postgres

/// Makes partitions seven days ahead, drops outlived ones, recounts the portals' limits and removes leftovers.
/// Every worker may run it; an advisory lock lets one of them do so at a time, and another as soon as that one's
/// session ends.
///
/// Limits are recounted each second while that takes under a twentieth of a second, and less often beyond:
/// never more than a twentieth of one core. What waits is measured each second, before that, for those who ask; a
/// long walk over rows that are gone, while a snapshot is held, each three. Partitions are looked after each minute.
package struct HousekeepStage: Stage {
    package let name = StageName.housekeep
    package let repair: (any Repair)? = nil
    private var nextMeasurement = ContinuousClock.now
    private var nextRecount = ContinuousClock.now
    private var nextSweep = ContinuousClock.now
    private let problem: @Sendable (_ partition: String, PostgresError) -> Void

    /// `problem` hears of partitions that could not be made or dropped; they are tried again in a minute.
    package init(problem: @escaping @Sendable (_ partition: String, PostgresError) -> Void) {
        self.problem = problem
    }

    package mutating func lookAtEverything() {}

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        let results = try await connection.pipeline(prelude + [Step(Self.lead)])
        let ahead = Array(results.dropLast())
        guard try results[prelude.count][0].bool(0) else { return (ahead, BatchOutcome(due: .seconds(1))) }
        var rows = 0
        let clock = ContinuousClock()
        if clock.now >= nextMeasurement {
            let start = clock.now
            nextMeasurement = start + .seconds(3)  // also when it fails: limits are worth more
            try await connection.run(Self.measureQueues)
            nextMeasurement = start + min(max(.seconds(1), start.duration(to: clock.now) * 10), .seconds(3))
        }
        if clock.now >= nextRecount {
            let start = clock.now
            rows += try await connection.run(Self.recountLimits).affected
            nextRecount = clock.now + max(.seconds(1), start.duration(to: clock.now) * 20)
        }
        if clock.now >= nextSweep {
            rows += try await sweep(&connection)
            nextSweep = clock.now + .seconds(60)
        }
        let next = min(nextMeasurement, nextRecount)
        return (ahead, BatchOutcome(rows: rows, due: clock.now.duration(to: next)))
    }

    private func sweep(_ connection: inout Connection) async throws -> Int {
        var done = 0
        for statement in [Self.sweepSecrets, Self.sweepIssueQueue, Self.sweepWorkers] {
            done += try await connection.run(statement).affected
        }
        try await connection.run(Self.recordHistory)
        for row in try await connection.run(Self.missingPartitions) {
            let day: Parameter = .text(try row.text(2))
            done += try await attempt(
                Step(Self.createPartition, [.text(try row.text(0)), day]), try row.text(1), &connection)
        }
        for row in try await connection.run(Self.outlivedPartitions) {
            let name = try row.text(0)
            done += try await attempt(Step(Self.dropPartition, [.text(name)]), name, &connection)
        }
        return done
    }

    /// Somebody's open transaction may be in the way; nobody may queue behind us for that.
    private func attempt(_ step: Step, _ partition: String, _ connection: inout Connection) async throws
        -> Int
    {
        do {
            try await connection.run(step.statement, step.parameters)
            return 1
        } catch  where !error.isConnectionLoss {
            problem(partition, error)
            return 0
        }
    }
}

extension HousekeepStage {
    /// 1129512966 is the bell's key of this stage; 17 is next to the lock that one worker holds while the bell is
    /// armed, and used by nothing else. Any login may take any advisory lock, so one that is held by a login
    /// which is no worker is passed over. When two workers do this at a time, each step is only done twice.
    package static let lead = Statement(
        "housekeep.lead",
        """
        SELECT pg_try_advisory_lock(1129512966, 17) OR NOT EXISTS (
            SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
            WHERE l.locktype = 'advisory' AND l.granted AND (l.classid, l.objid) = (1129512966, 17)
              AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
              AND (a.usename = current_user OR pg_has_role(a.usesysid, 'countersign_worker', 'MEMBER')))
        """)

    /// `queue_status()` believes figures that are at most five seconds old.
    package static let measureQueues = Statement(
        "housekeep.measure_queues", "SELECT FROM countersign.measure_queues()")

    package static let recountLimits = Statement(
        "housekeep.recount_limits",
        """
        UPDATE countersign.portals p SET over_limit = counted.over
        FROM (SELECT p.portal_id, coalesce(c.open, 0) >= p.max_open_requests AS over
              FROM countersign.portals p
              LEFT JOIN (SELECT r.portal_id, count(*) AS open FROM countersign.auth_requests r
                         WHERE r.open_until IS NOT NULL GROUP BY r.portal_id) AS c USING (portal_id)) AS counted
        WHERE counted.portal_id = p.portal_id AND counted.over <> p.over_limit
        """)

    /// Codes that a portal was collecting while their request ended.
    package static let sweepSecrets = Statement(
        "housekeep.sweep_secrets",
        """
        DELETE FROM countersign.otp_secrets WHERE transaction_id IN (
            SELECT o.transaction_id FROM countersign.otp_secrets o
            JOIN countersign.auth_requests r USING (transaction_id)
            WHERE r.open_until IS NULL FOR UPDATE OF o SKIP LOCKED)
        """)

    /// Requests of paused and disabled portals stay queued in case the portal goes on; an hour is past any end.
    package static let sweepIssueQueue = Statement(
        "housekeep.sweep_issue_queue",
        """
        DELETE FROM countersign.issue_queue WHERE ctid = ANY (ARRAY(
            SELECT q.ctid FROM countersign.portals p JOIN countersign.issue_queue q USING (portal_id)
            WHERE (p.paused OR NOT p.enabled)
              AND q.transaction_id < (SELECT countersign.uuid_floor(clock_timestamp() - interval '1 hour'))
            FOR UPDATE OF q SKIP LOCKED))
        """)

    package static let sweepWorkers = Statement(
        "housekeep.sweep_workers",
        "DELETE FROM countersign.workers WHERE heartbeat_at < clock_timestamp() - interval '1 day'")

    package static let recordHistory = Statement(
        "housekeep.record_history", "SELECT FROM countersign.record_history()")

    package static let missingPartitions = Statement(
        "housekeep.missing_partitions",
        "SELECT table_name, partition_name, day::text FROM countersign.missing_partitions()")
    package static let createPartition = Statement(
        "housekeep.create_partition", "SELECT countersign.create_partition($1, $2::text::date)")
    package static let outlivedPartitions = Statement(
        "housekeep.outlived_partitions", "SELECT partition_name FROM countersign.outlived_partitions()")
    package static let dropPartition = Statement(
        "housekeep.drop_partition", "SELECT countersign.drop_partition($1)")
}
