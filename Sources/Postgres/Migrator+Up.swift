extension Migrator {
    func applyPending(_ connection: inout Connection, _ work: MigrationWork) async throws(MigrationError) {
        let status = try await checkedStatus(&connection)
        let together = status.pending.filter(\.step.isTransactional)
        let alone = status.pending.filter { !$0.step.isTransactional }
        if !together.isEmpty {
            try await applyTogether(together, then: alone, &connection, work)
            for run in together { work.report(.applied(file: run.name)) }
        }
        for run in alone {
            guard work.turn.isHeld else { throw .lostTurn }
            try await applyAlone(run, isBegun: run.isBegun || !together.isEmpty, &connection, work)
            work.report(.applied(file: run.name))
        }
        try await forget(status, &connection, work)
        let applied = status.pending.count
        work.report(.finished(version: applied == 0 ? status.version : program, applied: applied))
    }

    private func forget(
        _ status: MigrationStatus, _ connection: inout Connection, _ work: MigrationWork
    ) async throws(MigrationError) {
        let removed = status.removed
        guard !removed.isEmpty else { return }
        try await execute(script.forget(removed), &connection)
        for name in removed { work.report(.forgotten(file: name)) }
    }

    /// The files that follow outside are begun in the same transaction, so that none of them can be forgotten.
    private func applyTogether(
        _ runs: [MigrationRun], then others: [MigrationRun], _ connection: inout Connection,
        _ work: MigrationWork
    ) async throws(MigrationError) {
        // Only a file that ended its own transaction can leave an unfinished row.
        if let begun = runs.first(where: \.isBegun) { throw .unfinished(file: begun.name) }
        let locks = try await tableLocks(runs.map(\.step.sql), &connection)
        // Not while locks are held: who reads what is written here may take his time.
        for run in runs { work.report(.applying(file: run.name)) }
        let firstToWait = runs[locks?.first ?? runs.count - 1].name
        try await retrying(firstToWait, locks, &connection, work) {
            connection throws(MigrationError) in
            for (place, run) in runs.enumerated() {
                if place == locks?.first { try await lock(locks, &connection) }
                try await applyInTransaction(run, isFirst: place == 0, &connection)
            }
            for run in others where !run.isBegun { try await execute(script.record(run), &connection) }
        }
        // A SET without LOCAL in the last file lasts longer than the file.
        try await execute("RESET ALL", &connection)
    }

    /// One text, which first takes back what the file before it has set: while tables are locked, a file costs one
    /// round trip instead of four. What the caller has set is the first one's to find.
    func applyInTransaction(_ run: MigrationRun, isFirst: Bool = false, _ connection: inout Connection)
        async throws(MigrationError)
    {
        do throws(MigrationError) {
            let sql = script.whole(run, words.applied(to: run.step.sql))
            let text = isFirst ? sql : "\(script.beginNext)\n\(sql)"
            let finished = try await execute(text, &connection)
            guard finished.affected == 1 else { throw .endsTransaction(file: run.name) }
        } catch {
            guard case .database(let failure) = error else { throw error }
            throw .failed(file: run.name, attempts: 1, failure)
        }
    }
}
