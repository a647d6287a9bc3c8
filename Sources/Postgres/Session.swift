import Logging

/// A connection that is opened when it is needed and again after it was lost.
///
/// It repeats the opening, never what it lends the connection for: whoever asked knows what may be repeated.
package struct Session: ~Copyable {
    private let options: ConnectionOptions
    private let onOpen: @Sendable (inout Connection) async throws -> Void
    private var connection: Connection?

    /// - Parameter onOpen: prepares each new connection, such as by SET. What it throws, other than the loss
    ///   of the connection, is thrown to whoever asked for the connection.
    package init(
        _ options: ConnectionOptions,
        onOpen: @escaping @Sendable (inout Connection) async throws -> Void = { _ in }
    ) {
        self.options = options
        self.onOpen = onOpen
    }

    /// Lends the connection, opened first if need be, which is tried until it succeeds or the task is
    /// cancelled (`CancellationError`). A connection that comes back lost, or with a transaction open, is
    /// closed.
    package mutating func withConnection<T>(
        _ body: (inout Connection) async throws -> sending T
    ) async throws -> sending T {
        try await open()
        do {
            let value = try await body(&connection!)
            closeIfUnfit()
            return value
        } catch {
            closeIfUnfit()
            throw error
        }
    }

    /// Closes the connection; the next use opens another.
    package mutating func close() {
        connection = nil
    }

    private mutating func closeIfUnfit() {
        if connection?.isIdle != true { connection = nil }
    }

    private mutating func open() async throws {
        if connection?.isIdle == true { return }
        connection = nil
        var backoff = Backoff()
        while true {
            do {
                var opened = try await Connection.open(options)
                try await onOpen(&opened)
                connection = consume opened
                return
            } catch {
                try Task.checkCancellation()
                guard PostgresError(in: error)?.isConnectionLoss == true else { throw error }
                options.logger.warning("cannot reach the database", metadata: ["error": "\(error)"])
            }
            try await backoff.wait()
        }
    }
}
