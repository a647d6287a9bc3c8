import Postgres

/// Connects anew when the database was lost, for commands that go on until they are interrupted.
struct Reconnection {
    private var backoff = Backoff()

    /// After something has succeeded.
    mutating func reset() { backoff.reset() }

    /// Tries until it succeeds. Says each time that there is another reason why it does not.
    mutating func run(_ connection: inout Connection, after loss: PostgresError) async throws {
        writeError("countersign: the connection to the database was lost: \(plain(loss.message))")
        var reason = ""
        while true {
            try await backoff.wait()
            do {
                connection = try await connection.another()
                Interruption.shared.watch(connection, instead: true)
                return writeError("countersign: connected again")
            } catch {
                guard error.isConnectionLoss else { throw error }
                if error.message != reason { writeError("countersign: \(plain(error.message))") }
                reason = error.message
            }
        }
    }
}
