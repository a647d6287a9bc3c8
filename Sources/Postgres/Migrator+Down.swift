extension Migrator {
    /// Takes a database back from a newer program's schema to this one's: undoes that program's numbered files, the newest
    /// first, as they themselves have said when they were applied, and puts back this program's current files, all in one
    /// transaction. Throws `noWayBack` when one of them cannot be undone without loss, and has changed nothing then.
    package func down(
        _ connection: inout Connection, progress: @escaping (MigrationProgress) -> Void = { _ in }
    ) async throws(MigrationError) {
        try await session(&connection, progress) { connection, work throws(MigrationError) in
            try await undoNewer(&connection, work)
        }
    }

    private func undoNewer(_ connection: inout Connection, _ work: MigrationWork) async throws(MigrationError)
    {
        let status = try await status(&connection, goesBack: true)
        let newer = status.entries.filter { $0.state == .newer }.sorted { $0.version > $1.version }
        let version = status.entries.count { $0.state == .applied }
        guard !newer.isEmpty else { return work.report(.finished(version: version, applied: 0)) }
        if let problem = status.problems.first { throw problem }
        let undone = try newer.map(Self.undoing)
        let runs = status.pending
        let locks = try await tableLocks(undone + runs.map(\.step.sql), &connection)
        try await retrying(newer[0].name, locks, &connection, work) { connection throws(MigrationError) in
            try await lock(locks, &connection)
            for (entry, sql) in zip(newer, undone) { try await undo(entry, sql, &connection) }
            for run in runs { try await applyInTransaction(run, &connection) }
            if !status.removed.isEmpty { try await execute(script.forget(status.removed), &connection) }
        }
        for entry in newer { work.report(.undone(file: entry.name)) }
        work.report(.finished(version: version, applied: runs.count))
    }

    private static func undoing(_ entry: MigrationEntry) throws(MigrationError) -> String {
        guard let undo = entry.applied?.undo else {
            throw .noWayBack(file: entry.name, reason: entry.applied?.noUndo ?? "it does not say how")
        }
        return undo
    }

    private func undo(_ entry: MigrationEntry, _ sql: String, _ connection: inout Connection)
        async throws(MigrationError)
    {
        do throws(MigrationError) {
            try await execute(words.applied(to: sql), &connection)
            try await execute(script.remove(entry.version), &connection)
        } catch {
            guard case .database(let failure) = error else { throw error }
            throw .failed(file: entry.name, attempts: 1, failure)
        }
    }
}
