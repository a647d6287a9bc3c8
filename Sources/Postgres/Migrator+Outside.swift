/// Files that cannot share a transaction with others.
extension Migrator {
    /// `isBegun` when its row says so already.
    func applyAlone(
        _ run: MigrationRun, isBegun: Bool, _ connection: inout Connection, _ work: MigrationWork
    ) async throws(MigrationError) {
        guard case .numbered(let migration) = run.step else { return }
        work.report(.applying(file: run.name))
        if !isBegun { try await record(run, &connection, work) }
        let isSevere = try await isSevere(migration, run, &connection)
        let isSplit = if case .eachPartition = migration.kind { true } else { false }
        try await retrying(run.name, partitionsMayGo: isSplit, asksForWay: isSevere, &connection, work) {
            connection throws(MigrationError) in
            switch migration.kind {
            case .transaction: break
            case .statement(let sql):
                try await build([words.applied(to: sql)], isSevere: isSevere, &connection, work)
                try await execute(script.finish(run), &connection)
            case .batches(let sql):
                try await changeInBatches(words.applied(to: sql), run, &connection, work)
                try await execute(script.finish(run), &connection)
            case .index(let index):
                try await build(pairs(script.build(index), &connection), &connection, work)
                try await execute(script.finish(run), &connection)
            case .eachPartition(let index):
                try await createOnParent(index, &connection)
                try await build(pairs(script.buildOnPartitions(index), &connection), &connection, work)
                try await attachPartitions(index, run, &connection)
            }
        }
        try await execute("RESET ALL", &connection)
    }

    /// Whether others wait behind the statement while it waits for its lock.
    private func isSevere(
        _ migration: Migration, _ run: MigrationRun, _ connection: inout Connection
    ) async throws(MigrationError) -> Bool {
        guard case .statement = migration.kind else { return false }
        return try await tableLocks([run.step.sql], &connection) != nil
    }

    /// Says that the file is begun.
    private func record(
        _ run: MigrationRun, _ connection: inout Connection, _ work: MigrationWork
    ) async throws(MigrationError) {
        try await retrying(run.name, nil, &connection, work) { connection throws(MigrationError) in
            try await execute(script.record(run), &connection)
        }
    }

    private func build(
        _ statements: [String], isSevere: Bool = false, _ connection: inout Connection,
        _ work: MigrationWork
    ) async throws(MigrationError) {
        try await execute(script.beginBuilding(isSevere: isSevere), &connection)
        for statement in statements {
            work.report(.running(statement: statement))
            try await execute(statement, &connection)
        }
    }

    /// Runs the statement until it changes nothing any more, each time in a transaction of its own.
    private func changeInBatches(
        _ sql: String, _ run: MigrationRun, _ connection: inout Connection, _ work: MigrationWork
    ) async throws(MigrationError) {
        try await execute(script.beginBuilding(isSevere: true), &connection)
        var rows = 0
        while true {
            let changed = try await execute(sql, &connection).affected
            guard changed > 0 else { return }
            rows += changed
            work.report(.changed(file: run.name, rows: rows))
            try await sleep(.milliseconds(20))
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
