import Synchronization

/// A few connections for many short uses. Everything else owns its connection; only the HTTP servers share.
///
/// At most `size` are open. Whoever comes when none is left for his party waits, each party in a lane of its own, as
/// `PoolState` says; the wait ends with the task, after `patience`, or at once when `maxWaiting` wait already and his
/// own lane is the longest. A connection that comes back lost or with a transaction open is closed, never repaired:
/// rolling back for somebody would hide his mistake. So is one in which nothing can be written: the next may be able to.
///
/// What has lain idle for longer than `trusted` gives a sign of life before it is lent. Where one does not, or comes back
/// lost, the others that lie there are closed, too: after a network has swallowed everything each of them would take its
/// user the whole limit of a statement to find out.
package final class Pool: Sendable {
    private let options: ConnectionOptions
    private let patience: Duration
    private let trusted: Duration
    private let keepsReadOnly: Bool
    private let onWait: @Sendable (Duration) -> Void
    private let state: Mutex<PoolState>

    /// How long a sign of life may take.
    static let signLimit = Duration.seconds(2)

    /// `onWait` is told how long each caller waited for one of the places. `keepsReadOnly` is for who only reads, from a
    /// standby too.
    package init(
        _ options: ConnectionOptions, size: Int, maxWaiting: Int = 1_000, patience: Duration = .seconds(5),
        trusted: Duration = .seconds(2), keepsReadOnly: Bool = false,
        onWait: @escaping @Sendable (Duration) -> Void = { _ in }
    ) {
        precondition(size > 0, "a pool of nothing never lends")
        self.options = options
        (self.patience, self.trusted, self.keepsReadOnly) = (patience, trusted, keepsReadOnly)
        self.onWait = onWait
        state = Mutex(PoolState(size: size, maxWaiting: maxWaiting))
    }

    /// Lends a connection, opened if need be. Throws `PoolExhausted`, `CancellationError`, what opening throws
    /// and what the body throws.
    ///
    /// - Parameter party: on whose behalf: no party has more than its share of the places. Empty for the server's own
    ///   work.
    package func withConnection<T>(
        for party: String = "", _ body: (inout Connection) async throws -> sending T
    ) async throws -> sending T {
        var connection = try await take(party)
        do {
            let value = try await body(&connection)
            give(connection, party)
            return value
        } catch {
            give(connection, party)
            throw error
        }
    }

    /// Closes the connections that nobody uses; those in use close when they come back.
    package func close() {
        state.withLock { $0.close() }
        closeIdle()
    }

    private func closeIdle() {
        let idle = state.withLock { $0.takeIdle() }
        for connection in idle { _ = connection.take() }
    }

    private func take(_ party: String) async throws -> Connection {
        let asked = ContinuousClock.now
        let granted = try await grant(party)
        onWait(asked.duration(to: .now))
        if case .idle(let pooled) = granted, var connection = pooled.take(), connection.isIdle {
            guard pooled.since.duration(to: .now) > trusted else { return connection }
            do {
                try await connection.probe(within: Self.signLimit)
                return connection
            } catch {
                closeIdle()
            }
        }
        // Nothing stands in the place, or what was lost while it lay there.
        return try await open(party)
    }

    private func open(_ party: String) async throws -> Connection {
        do {
            return try await Connection.open(options)
        } catch {
            state.withLock { $0.release(party, nil) }?.resume()
            throw error
        }
    }

    private func give(_ connection: consuming Connection, _ party: String) {
        if !connection.isUsable { closeIdle() }
        let isGood = connection.isIdle && (keepsReadOnly || !connection.isReadOnly)
        let pooled = isGood ? PooledConnection(connection) : nil
        state.withLock { $0.release(party, pooled) }?.resume()
    }

    /// The right to use one of the places, with what stands in it.
    private func grant(_ party: String) async throws -> PoolState.Grant {
        let ticket: PoolState.Ticket
        switch try state.withLock({ (state) throws(PoolExhausted) in try state.ask(party) }) {
        case .granted(let grant): return grant
        case .waits(let given, let instead):
            ticket = given
            instead?.resume()
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

    private func giveUp(_ ticket: PoolState.Ticket, _ error: any Error) {
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
    let since = ContinuousClock.now

    init(_ connection: consuming Connection) {
        self.connection = Mutex(consume connection)
    }

    func take() -> Connection? { connection.withLock { $0.take() } }
}
