/// The tables that a transaction's files lock so that nobody can write into them.
struct MigrationTableLocks {
    let tables: [String]
    let mode: MigrationLock.Mode
    /// The place of the file before which they are locked: what comes before holds up nobody.
    let first: Int
}

/// Trying again while others are in the way.
extension Migrator {
    /// Those of the texts' locks that are on tables which are there; nil when there are none.
    func tableLocks(_ texts: [String], _ connection: inout Connection) async throws(MigrationError)
        -> MigrationTableLocks?
    {
        let locks = texts.map { MigrationLock.all(in: $0).filter(\.mode.stopsWriters) }
        let names = Set(locks.joined().map(\.table)).sorted()
        let found = try await query(script.existing, &connection, parameters: [.texts(names)]) {
            row throws(DecodingFailure) in (try row.text(0), try row.text(1))
        }
        let there = Dictionary(found) { first, _ in first }
        let needed = locks.map { $0.filter { there[$0.table] != nil } }
        guard let first = needed.firstIndex(where: { !$0.isEmpty }) else { return nil }
        // A table of which only partitions' own locks are needed is named ONLY.
        let whole = Set(needed.joined().filter { !$0.isOnly }.map(\.table))
        let tables = there.sorted { $0.key < $1.key }.map {
            whole.contains($0.key) ? $0.value : "ONLY \($0.value)"
        }
        return MigrationTableLocks(
            tables: tables, mode: needed.joined().map(\.mode).max() ?? .accessExclusive,
            first: first)
    }

    /// Takes all of them at once, or fails with 55P03.
    func lock(_ locks: MigrationTableLocks?, _ connection: inout Connection) async throws(MigrationError) {
        guard let locks else { return }
        do throws(MigrationError) {
            for statement in script.lock(locks.tables, locks.mode) {
                try await execute(statement, &connection)
            }
        } catch {
            guard case .database(let cause) = error, cause.state == .queryCanceled else { throw error }
            let names = locks.tables.joined(separator: ", ")
            throw .database(PostgresError(.lockNotAvailable, "locks on \(names) were not to be had"))
        }
    }

    /// Runs `body` in a transaction, and again after a pause that grows while others are all that stops it.
    func retrying(
        _ file: String, _ locks: MigrationTableLocks?, _ connection: inout Connection,
        _ work: MigrationWork, _ body: (inout Connection) async throws(MigrationError) -> Void
    ) async throws(MigrationError) {
        try await retrying(file, asksForWay: locks != nil, &connection, work) {
            connection throws(MigrationError) in
            let start = ContinuousClock.now
            try await transaction(&connection, body)
            if let locks { work.report(.held(tables: locks.tables, start.duration(to: .now))) }
        }
    }

    /// The same without a transaction.
    func retrying(
        _ file: String, partitionsMayGo: Bool = false, asksForWay: Bool, _ connection: inout Connection,
        _ work: MigrationWork,
        _ body: (inout Connection) async throws(MigrationError) -> Void
    ) async throws(MigrationError) {
        var pause = limits.pause
        for attempt in 1... {
            let outcome = try await oneTry(asksForWay: asksForWay, &connection, work, body)
            guard let error = outcome.failure else { return }
            let (failed, cause): (String, PostgresError)
            switch error {
            case .database(let failure): (failed, cause) = (file, failure)
            case .failed(let name, _, let failure): (failed, cause) = (name, failure)
            default: throw error
            }
            guard cause.canPass(partitionsMayGo: partitionsMayGo) else {
                throw .failed(file: failed, attempts: 1, cause)  // no more of them would have helped
            }
            guard attempt < limits.attempts ?? .max else {
                throw .failed(file: failed, attempts: attempt, cause)
            }
            work.report(.retrying(file: failed, cause, blockers: outcome.blockers, pause: pause))
            try await sleep(pause)
            pause = min(pause * 2, limits.pauseLimit)
        }
    }

    /// Has those who wait in functions leave, tries, and lets them come back.
    private func oneTry(
        asksForWay: Bool, _ connection: inout Connection, _ work: MigrationWork,
        _ body: (inout Connection) async throws(MigrationError) -> Void
    ) async throws(MigrationError) -> (failure: MigrationError?, blockers: [MigrationBlocker]) {
        if asksForWay {
            try await execute(script.askForWay, &connection)
            try await sleep(limits.leaveTime, isExact: true)
        }
        let watch = work.turn.watch(connection.processID)
        let failure: MigrationError?
        do throws(MigrationError) {
            try await body(&connection)
            failure = nil
        } catch {
            failure = error
        }
        // It ends by itself, too. When this fails the session is gone.
        if asksForWay { _ = try? await connection.execute(script.giveWayBack) }
        watch.cancel()
        return (failure, await watch.value)
    }

    func transaction(
        _ connection: inout Connection, _ body: (inout Connection) async throws(MigrationError) -> Void
    ) async throws(MigrationError) {
        try await execute(script.begin, &connection)
        do throws(MigrationError) {
            try await body(&connection)
            try await execute("COMMIT", &connection)
        } catch {
            // When this fails the session is gone, and its transaction with it.
            _ = try? await connection.execute("ROLLBACK")
            throw error
        }
    }

    /// Sleeps for half the duration up to the whole of it, so that equals do not meet again.
    func sleep(_ duration: Duration, isExact: Bool = false) async throws(MigrationError) {
        do {
            try await Task.sleep(for: duration * (isExact ? 1 : Double.random(in: 0.5...1)))
        } catch {
            throw .cancelled
        }
    }
}

extension PostgresError {
    /// Somebody else was in the way and may be gone next time: a lock, a deadlock, privileges of an object that were
    /// changed beside us, and for partitions one that was dropped since they were listed.
    fileprivate func canPass(partitionsMayGo: Bool) -> Bool {
        switch state {
        case SQLState.lockNotAvailable, "40": true
        case "XX000": message == "tuple concurrently updated"
        case "42P01", "42704": partitionsMayGo
        default: false
        }
    }
}
