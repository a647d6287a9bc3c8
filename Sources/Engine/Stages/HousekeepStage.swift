package import Countersign
package import Postgres

/// Makes partitions seven days ahead, drops outlived ones, recounts the portals' limits and removes leftovers.
/// Every worker may run it; an advisory lock lets one of them do so at a time, and another as soon as that one's
/// session ends.
///
/// Limits are recounted each second while that takes under a twentieth of a second, and less often beyond:
/// never more than a twentieth of one core. How full the notification queue is, is asked each two seconds, and less often
/// when somebody makes the answer slow. What waits is measured each second, before that, for those who ask; a
/// long walk over rows that are gone, while a snapshot is held, each three. Partitions are looked after each minute,
/// and each minute of the audit trail is closed with a digest.
package struct HousekeepStage: Stage {
    package let name = StageName.housekeep
    package let repair: (any Repair)? = nil
    private var nextMeasurement = ContinuousClock.now
    private var nextRecount = ContinuousClock.now
    private var nextClosing = ContinuousClock.now
    private var nextQueueLook = ContinuousClock.now
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
        // The first word after a sleep shows whether the network still carries any.
        let (ahead, lead) = try await connection.pipeline(
            after: prelude, within: .seconds(10), TakeHousekeeping())
        guard try lead.one() else { return (ahead, BatchOutcome(due: .seconds(1))) }
        var rows = 0
        let clock = ContinuousClock()
        if clock.now >= nextMeasurement {
            let start = clock.now
            nextMeasurement = start + .seconds(3)  // also when it fails: limits are worth more
            try await connection.run(MeasureQueues())
            nextMeasurement = start + min(max(.seconds(1), start.duration(to: clock.now) * 10), .seconds(3))
        }
        if clock.now >= nextQueueLook {
            let start = clock.now
            try await connection.run(MeasureNotifications())
            nextQueueLook = clock.now + max(.seconds(2), start.duration(to: clock.now) * 20)
        }
        if clock.now >= nextRecount {
            let start = clock.now
            rows += try await connection.run(RecountLimits()).affected
            nextRecount = clock.now + max(.seconds(1), start.duration(to: clock.now) * 20)
        }
        if clock.now >= nextClosing {
            nextClosing = clock.now + .seconds(5)
            try await connection.run(CloseEvents())
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
        done += try await connection.run(SweepSecrets()).affected
        done += try await connection.run(SweepIssueQueue()).affected
        done += try await connection.run(SweepWorkers()).affected
        try await connection.run(RecordHistory())
        for missing in try await connection.run(FindMissingPartitions()).all() {
            let creation = CreatePartition(table: missing.table, day: missing.day)
            done += try await attempt(creation, missing.name, &connection)
        }
        for name in try await connection.run(FindOutlivedPartitions()).all() {
            done += try await attempt(DropPartition(name: name), name, &connection)
        }
        return done
    }

    /// Somebody's open transaction may be in the way; nobody may queue behind us for that.
    private func attempt(
        _ statement: some PreparedStatement, _ partition: String, _ connection: inout Connection
    ) async throws -> Int {
        do {
            try await connection.run(statement)
            return 1
        } catch {
            if error.isConnectionLoss || error.isReadOnlySession { throw error }
            problem(partition, error)
            return 0
        }
    }
}
