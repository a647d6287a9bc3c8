/// Before a file runs: a database that can hold the schema, the migrator's own tables, and nobody else at work.
extension Migrator {
    /// Lengths, patterns and digests are those of UTF-8: other encodings break texts, and SQL_ASCII checks none.
    func checkEncoding(_ connection: inout Connection) async throws(MigrationError) {
        let names = try await query("SELECT current_setting('server_encoding')", &connection) {
            row throws(DecodingFailure) in try row.text(0)
        }
        for name in names where name != "UTF8" { throw .encoding(name) }
    }

    /// Makes the tables that hold what is applied, unless they are there. Of several migrators that do this at once all
    /// but one fail, and find the tables when they look again.
    func createTables(_ connection: inout Connection) async throws(MigrationError) {
        var failure: MigrationError?
        for _ in 0..<5 {
            guard try await isTableMissing(&connection) else { return }
            do {
                return try await makeTables(&connection)
            } catch {
                failure = error
                guard case .database(let cause) = error, cause.meansDuplicate else { throw error }
            }
        }
        if let failure { throw failure }
    }

    private func makeTables(_ connection: inout Connection) async throws(MigrationError) {
        try await execute(script.createTables, &connection)
    }

    private func isTableMissing(_ connection: inout Connection) async throws(MigrationError) -> Bool {
        for table in [script.table, script.currentTable, script.turnTable]
        where try await !flag(script.exists(table), &connection) { return true }
        return false
    }

    /// A second session that keeps other migrators away for as long as it is open. Tries its lock again and again, never
    /// inside a waiting statement.
    func takeTurn(
        beside connection: borrowing Connection, _ progress: (MigrationProgress) -> Void
    ) async throws(MigrationError) -> MigrationTurn {
        var turn = try await session(beside: connection)
        let deadline = ContinuousClock.now + limits.turnTimeout
        var pause = Duration.milliseconds(20)
        var isReported = false
        while try await !hasTurn(&turn) {
            let holder = try await query(script.turnHolder, &turn) { row throws(DecodingFailure) in
                try row.int(0)
            }.first
            if !isReported { progress(.waiting(processID: holder)) }
            isReported = true
            guard ContinuousClock.now < deadline else { throw .busy(processID: holder) }
            try await sleep(pause)
            pause = min(pause * 2, .milliseconds(500))
        }
        let observer = try await session(beside: connection)
        return MigrationTurn(turn, observer: observer)
    }

    private func session(beside connection: borrowing Connection) async throws(MigrationError) -> Connection {
        do throws(PostgresError) { return try await connection.another() } catch { throw .database(error) }
    }

    private func hasTurn(_ turn: inout Connection) async throws(MigrationError) -> Bool {
        do throws(PostgresError) {
            try await turn.execute(script.takeTurn)
            return true
        } catch {
            guard error.state == .lockNotAvailable else { throw .database(error) }
        }
        try await execute("ROLLBACK", &turn)
        return false
    }
}

extension PostgresError {
    /// Somebody has made the same object at the same moment.
    fileprivate var meansDuplicate: Bool {
        switch state {
        case "23505", "42P06", "42P07", "42710": true
        default: false
        }
    }
}
