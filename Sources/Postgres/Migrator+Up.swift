extension Migrator {
    func applyPending(
        _ connection: inout Connection, turn: borrowing Connection, _ progress: (MigrationProgress) -> Void
    ) async throws(MigrationError) {
        let status = try await checkedStatus(&connection)
        for group in status.pending.transactions {
            guard turn.isUsable else { throw .lostTurn }
            if group.isTransactional {
                try await applyTogether(group, &connection, progress)
            } else {
                try await applyAlone(group[0], &connection, progress)
            }
            for run in group { progress(.applied(file: run.name)) }
            // A SET without LOCAL in the last file lasts longer than the file.
            try await execute("RESET ALL", &connection)
        }
        try await forget(status, &connection, progress)
        let applied = status.pending.count
        progress(.finished(version: applied == 0 ? status.version : program, applied: applied))
    }

    private func forget(
        _ status: MigrationStatus, _ connection: inout Connection, _ progress: (MigrationProgress) -> Void
    ) async throws(MigrationError) {
        let removed = status.removed
        guard !removed.isEmpty else { return }
        try await execute(script.forget(removed), &connection)
        for name in removed { progress(.forgotten(file: name)) }
    }

    private func applyTogether(
        _ runs: [MigrationRun], _ connection: inout Connection, _ progress: (MigrationProgress) -> Void
    ) async throws(MigrationError) {
        // Only a file that ended its own transaction can leave an unfinished row.
        if let begun = runs.first(where: \.isBegun) { throw .unfinished(file: begun.name) }
        try await retrying(runs[runs.count - 1], &connection, progress) { connection throws(MigrationError) in
            try await transaction(&connection) { connection throws(MigrationError) in
                for run in runs {
                    if run != runs[0] { try await execute(script.beginNext, &connection) }
                    progress(.applying(file: run.name))
                    try await applyInTransaction(run, &connection)
                }
            }
        }
    }

    private func applyInTransaction(_ run: MigrationRun, _ connection: inout Connection)
        async throws(MigrationError)
    {
        do throws(MigrationError) {
            try await execute(script.record(run), &connection)
            try await execute(run.step.sql, &connection)
            let finished = try await execute(script.finishInSameTransaction(run), &connection)
            guard finished.affected == 1 else { throw .endsTransaction(file: run.name) }
        } catch {
            guard case .database(let failure) = error else { throw error }
            throw .failed(file: run.name, attempts: 1, failure)
        }
    }

    private func applyAlone(
        _ run: MigrationRun, _ connection: inout Connection, _ progress: (MigrationProgress) -> Void
    ) async throws(MigrationError) {
        guard case .numbered(let migration) = run.step else { return }
        progress(.applying(file: run.name))
        try await record(run, &connection, progress)
        try await retrying(run, &connection, progress) { connection throws(MigrationError) in
            switch migration.kind {
            case .transaction: break
            case .statement(let sql):
                try await build([sql], &connection, progress)
                try await execute(script.finish(run), &connection)
            case .index(let index):
                try await build(pairs(script.build(index), &connection), &connection, progress)
                try await execute(script.finish(run), &connection)
            case .eachPartition(let index):
                try await createOnParent(index, &connection)
                try await build(pairs(script.buildOnPartitions(index), &connection), &connection, progress)
                try await attachPartitions(index, run, &connection)
            }
        }
    }

    /// Says that the file is begun.
    private func record(
        _ run: MigrationRun, _ connection: inout Connection, _ progress: (MigrationProgress) -> Void
    ) async throws(MigrationError) {
        guard !run.isBegun else { return }
        try await retrying(run, &connection, progress) { connection throws(MigrationError) in
            try await transaction(&connection) { connection throws(MigrationError) in
                try await execute(script.record(run), &connection)
            }
        }
    }

    private func build(
        _ statements: [String], _ connection: inout Connection, _ progress: (MigrationProgress) -> Void
    ) async throws(MigrationError) {
        try await execute(script.beginBuilding, &connection)
        for statement in statements {
            progress(.running(statement: statement))
            try await execute(statement, &connection)
        }
    }

    private func createOnParent(
        _ index: MigrationIndex, _ connection: inout Connection
    ) async throws(MigrationError) {
        try await transaction(&connection) { connection throws(MigrationError) in
            for statement in try await statements(script.createOnParent(index), &connection) {
                try await execute(statement, &connection)
            }
        }
    }

    private func attachPartitions(
        _ index: MigrationIndex, _ run: MigrationRun, _ connection: inout Connection
    ) async throws(MigrationError) {
        try await transaction(&connection) { connection throws(MigrationError) in
            try await execute(script.lockPartitions(index), &connection)
            guard try await pairs(script.buildOnPartitions(index), &connection).isEmpty else {
                throw .database(PostgresError("40001", "a partition without the index has come meanwhile"))
            }
            for statement in try await statements(script.attachPartitions(index), &connection) {
                try await execute(statement, &connection)
            }
            guard try await !flag(script.isInvalid(index), &connection) else {
                throw .invalidIndex(file: run.name, index: index.name)
            }
            try await execute(script.finish(run), &connection)
        }
    }
}

extension Migrator {
    /// Runs `body` again after a pause while locks and deadlocks are all that stops it.
    private func retrying(
        _ run: MigrationRun, _ connection: inout Connection, _ progress: (MigrationProgress) -> Void,
        _ body: (inout Connection) async throws(MigrationError) -> Void
    ) async throws(MigrationError) {
        var pause = limits.pause
        for attempt in 1... {
            do throws(MigrationError) {
                return try await body(&connection)
            } catch {
                let (file, failure): (String, PostgresError)
                switch error {
                case .database(let cause): (file, failure) = (run.name, cause)
                case .failed(let name, _, let cause): (file, failure) = (name, cause)
                default: throw error
                }
                guard run.canPass(failure), attempt < limits.attempts else {
                    throw .failed(file: file, attempts: attempt, failure)
                }
                progress(.retrying(file: file, failure, pause: pause))
                try await sleep(pause)
                pause = min(pause * 2, limits.pauseLimit)
            }
        }
    }

    private func transaction(
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
    func sleep(_ duration: Duration) async throws(MigrationError) {
        do {
            try await Task.sleep(for: duration * Double.random(in: 0.5...1))
        } catch {
            throw .cancelled
        }
    }
}

extension MigrationRun {
    /// Somebody else was in the way and may be gone next time: a lock, a deadlock, privileges of an object that were
    /// changed beside us, and for partitions one that was dropped since they were listed.
    fileprivate func canPass(_ error: PostgresError) -> Bool {
        switch error.state {
        case "55P03", "40": true
        case "XX000": error.message == "tuple concurrently updated"
        case "42P01", "42704":
            if case .numbered(let migration) = step, case .eachPartition = migration.kind {
                true
            } else {
                false
            }
        default: false
        }
    }
}
