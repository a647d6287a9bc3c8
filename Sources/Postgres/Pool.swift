import Synchronization

/// A few connections for many short uses. Everything else owns its connection; only the HTTP servers share.
///
/// At most `size` are open. Whoever comes when all are lent waits in order; the wait ends with the task, after
/// `patience`, or at once when `maxWaiting` wait already. A connection that comes back lost or with a
/// transaction open is closed, never repaired: rolling back for somebody would hide his mistake.
package final class Pool: Sendable {
    private let options: ConnectionOptions
    private let patience: Duration
    private let onWait: @Sendable (Duration) -> Void
    private let state: Mutex<PoolState>

    /// `onWait` is told how long each caller waited for one of the places.
    package init(
        _ options: ConnectionOptions, size: Int, maxWaiting: Int = 1_000, patience: Duration = .seconds(5),
        onWait: @escaping @Sendable (Duration) -> Void = { _ in }
    ) {
        precondition(size > 0, "a pool of nothing never lends")
        self.options = options
        self.patience = patience
        self.onWait = onWait
        state = Mutex(PoolState(size: size, maxWaiting: maxWaiting))
    }

    /// Lends a connection, opened if need be. Throws `PoolExhausted`, `CancellationError`, what opening throws
    /// and what the body throws.
    package func withConnection<T>(
        _ body: (inout Connection) async throws -> sending T
    ) async throws -> sending T {
        var connection = try await take()
        do {
            let value = try await body(&connection)
            give(connection)
            return value
        } catch {
            give(connection)
            throw error
        }
    }

    /// Closes the connections that nobody uses; those in use close when they come back.
    package func close() {
        let idle = state.withLock { $0.close() }
        for connection in idle { _ = connection.take() }
    }

    private func take() async throws -> Connection {
        let asked = ContinuousClock.now
        let granted = try await grant()
        onWait(asked.duration(to: .now))
        if case .idle(let pooled) = granted, let connection = pooled.take(), connection.isIdle {
            return connection
        }
        // Nothing stands in the place, or what was lost while it lay there.
        return try await open()
    }

    private func open() async throws -> Connection {
        do {
            return try await Connection.open(options)
        } catch {
            state.withLock { $0.release(nil) }?.resume()
            throw error
        }
    }

    private func give(_ connection: consuming Connection) {
        let pooled = connection.isIdle ? PooledConnection(connection) : nil
        state.withLock { $0.release(pooled) }?.resume()
    }

    /// The right to use one of the places, with what stands in it.
    private func grant() async throws -> PoolState.Grant {
        let ticket: Int
        switch try state.withLock({ (state) throws(PoolExhausted) in try state.ask() }) {
        case .granted(let grant): return grant
        case .waits(let number): ticket = number
        }
        let timer = Task { [patience] in
            try await Task.sleep(for: patience)
            self.giveUp(ticket, PoolExhausted())
        }
        defer { timer.cancel() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { $0.wait(ticket, continuation) }?.resume()
            }
        } onCancel: {
            giveUp(ticket, CancellationError())
        }
    }

    private func giveUp(_ ticket: Int, _ error: any Error) {
        state.withLock { $0.giveUp(ticket, error) }?.resume()
    }
}

/// All connections of a pool are lent, and have been for too long or to too many who wait.
package struct PoolExhausted: Error, CustomStringConvertible {
    package var description: String { "all connections of the pool are in use" }
}

/// A connection that lies in a pool: a box, as what cannot be copied cannot stand in an array.
final class PooledConnection: Sendable {
    private let connection: Mutex<Connection?>

    init(_ connection: consuming Connection) {
        self.connection = Mutex(consume connection)
    }

    func take() -> Connection? { connection.withLock { $0.take() } }
}
