package import Countersign
package import Postgres

/// Makes partitions seven days ahead, drops outlived ones, recounts the portals' limits and removes leftovers.
/// Every worker may run it; one has the house at a time, and another as soon as that one's session ends, or five
/// seconds after it was last heard of.
///
/// Limits are recounted each second while that takes under a twentieth of a second, and less often beyond:
/// never more than a twentieth of one core. How full the notification queue is, is asked each two seconds, and less often
/// when somebody makes the answer slow. What waits is measured each second, before that, for those who ask; a
/// long walk over rows that are gone, while a snapshot is held, each three. Partitions are looked after each minute,
/// and each minute of the audit trail is closed with a digest. When history has gone back, what was open comes first.
///
/// What fails is told when all others have had their turn: nothing that always fails keeps the rest from being done.
package struct HousekeepStage: Stage {
    /// In the order in which they are done.
    private enum Chore: CaseIterable {
        case measurement, notifications, limits, closing, secrets, issueQueue, workers, browsers, history,
            partitions

        /// When it is due again. A chore that takes long is done less often.
        func next(after start: ContinuousClock.Instant, until end: ContinuousClock.Instant)
            -> ContinuousClock.Instant
        {
            let duration = start.duration(to: end)
            return switch self {
            case .measurement: max(start + min(max(.seconds(1), duration * 10), .seconds(3)), end + duration)
            case .notifications: end + max(.seconds(2), duration * 20)
            case .limits: end + max(.seconds(1), duration * 20)
            case .closing: start + .seconds(5)
            case .secrets, .issueQueue, .workers, .browsers, .history, .partitions: end + .seconds(60)
            }
        }
    }

    package let name = StageName.housekeep
    package let repair: (any Repair)? = nil
    private var due: [Chore: ContinuousClock.Instant] = [:]
    /// The epoch whose suspects are looked for, when next, and until when: some are held by portals, or come late.
    private var clearing: (epoch: Int, next: ContinuousClock.Instant, until: ContinuousClock.Instant) = (
        0, .now, .now
    )
    private let worker: Identifier
    private let epoch: EpochMemory
    private let problem: @Sendable (_ partition: String, PostgresError) -> Void

    /// `problem` hears of partitions that could not be made or dropped; they are tried again in a minute.
    package init(
        worker: Identifier, epoch: EpochMemory,
        problem: @escaping @Sendable (_ partition: String, PostgresError) -> Void
    ) {
        (self.worker, self.epoch, self.problem) = (worker, epoch, problem)
    }

    package mutating func lookAtEverything() {}

    package mutating func runBatch(
        _ connection: inout Connection, prelude: [Step], limit: Int
    ) async throws -> (prelude: [Rows], outcome: BatchOutcome) {
        // The first word after a sleep shows whether the network still carries any.
        let (ahead, lead) = try await connection.pipeline(
            after: prelude, within: .seconds(10), TakeHousekeeping(worker: worker))
        guard try lead.one() else { return (ahead, BatchOutcome(due: .seconds(1))) }
        let (rows, suspects) = try await doChores(&connection, limit)
        let next = Chore.allCases.compactMap { due[$0] }.min() ?? .now
        let outcome = BatchOutcome(
            rows: rows, full: suspects >= limit, due: ContinuousClock.now.duration(to: next))
        return (ahead, outcome)
    }

    /// Each five seconds, for a minute after the last one was found: then every transaction of before has ended.
    private mutating func clearSuspects(_ connection: inout Connection, _ limit: Int) async throws -> Int {
        guard let number = epoch.known?.number, number > 0 else { return 0 }
        if clearing.epoch != number { clearing = (number, .now, .now + .seconds(60)) }
        guard clearing.next <= .now, clearing.until > .now else { return 0 }
        let rows = try await connection.run(ClearSuspects(limit: limit)).one()
        if rows > 0 {
            clearing.until = .now + .seconds(60)
        } else {
            clearing.next = .now + .seconds(5)
        }
        return rows
    }

    private mutating func doChores(
        _ connection: inout Connection, _ limit: Int
    ) async throws -> (rows: Int, suspects: Int) {
        var (rows, suspects) = (0, 0)
        var failure: (any Error)?
        do {
            suspects = try await clearSuspects(&connection, limit)
        } catch {
            guard connection.isIdle else { throw error }
            failure = error
        }
        for chore in Chore.allCases {
            let start = ContinuousClock.now
            if let time = due[chore], start < time { continue }
            do {
                rows += try await run(chore, &connection)
            } catch {
                guard connection.isIdle else { throw error }
                failure = failure ?? error
            }
            due[chore] = chore.next(after: start, until: .now)
        }
        if let failure { throw failure }
        return (rows + suspects, suspects)
    }

    private func run(_ chore: Chore, _ connection: inout Connection) async throws -> Int {
        switch chore {
        case .measurement: try await connection.run(MeasureQueues())
        case .notifications: try await connection.run(MeasureNotifications())
        case .limits: return try await connection.run(RecountLimits()).affected
        case .closing: try await connection.run(CloseEvents())
        case .secrets:
            return try await connection.run(SweepSecrets()).affected
                + connection.run(SweepBrowserTokens()).affected
        case .issueQueue: return try await connection.run(SweepIssueQueue()).affected
        case .workers: return try await connection.run(SweepWorkers()).affected
        case .browsers: return try await connection.run(ForgetBrowsers(limit: 10_000)).one()
        case .history: try await connection.run(RecordHistory())
        case .partitions: return try await keepPartitions(&connection)
        }
        return 0
    }

    private func keepPartitions(_ connection: inout Connection) async throws -> Int {
        var done = 0
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
