extension Connection {
    /// Runs the body in a transaction: committed when it returns, rolled back when it throws.
    ///
    /// An error of the body is thrown as it is; what goes wrong around it is a `TransactionError`. Nothing
    /// is tried twice: whoever calls may run the whole again when `isRetryable`.
    package mutating func transaction<T>(
        _ body: (inout Connection) async throws -> sending T
    ) async throws -> sending T {
        try await begin()
        let value: T
        do {
            value = try await body(&self)
        } catch {
            try await rollBack(after: error)
            throw error
        }
        try await commit()
        return value
    }

    /// The same for a body that also writes what can hang, such as a file or a terminal: the server ends the session once it has
    /// been idle for so long, and with it what it holds.
    package mutating func transaction<T>(
        idleAtMost limit: Duration, _ body: (inout Connection) async throws -> sending T
    ) async throws -> sending T {
        try await transaction { connection in
            let milliseconds = Int(limit / .milliseconds(1))
            try await connection.execute("SET LOCAL idle_in_transaction_session_timeout = \(milliseconds)")
            return try await body(&connection)
        }
    }

    /// Runs the body in the transaction that is open, of which it is then a part, or else in one of its own.
    package mutating func atomically<T>(
        _ body: (inout Connection) async throws -> sending T
    ) async throws -> sending T {
        guard isIdle || !isUsable else { return try await body(&self) }
        return try await transaction(body)
    }

    private mutating func begin() async throws(TransactionError) {
        guard isIdle || !isUsable else {
            throw .begin(PostgresError("25001", "a transaction is open already"))
        }
        do throws(PostgresError) { try await execute("BEGIN") } catch { throw .begin(error) }
    }

    /// COMMIT of a transaction in which a statement has failed is answered with ROLLBACK and no error.
    private mutating func commit() async throws(TransactionError) {
        let command: String
        do throws(PostgresError) {
            command = try await execute("COMMIT").command
        } catch {
            throw .commit(error)
        }
        guard command == "COMMIT" else {
            throw .commit(PostgresError("25P02", "rolled back, as a statement had failed"))
        }
    }

    /// When the connection is lost, the server rolls back by itself.
    private mutating func rollBack(after bodyError: any Error) async throws(TransactionError) {
        guard isUsable else { return }
        do throws(PostgresError) { try await execute("ROLLBACK") } catch {
            throw .rollback(error, body: bodyError)
        }
    }
}
