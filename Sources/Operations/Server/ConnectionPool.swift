package import Countersign
package import Postgres
import Synchronization

/// A few connections that requests share; who finds all of them lent waits in order.
package final class ConnectionPool: Sendable {
    /// Where a connection stays while nobody has it. Nil until it is first wanted, and after it was lost.
    private final class Place: Sendable {
        let connection = Mutex<Connection?>(nil)
    }

    private struct State {
        var free: [Place]
        var waiting: [CheckedContinuation<Place, Never>] = []
    }

    private let options: ConnectionOptions
    private let state: Mutex<State>
    private let meter: PoolMeter

    package init(_ options: ConnectionOptions, size: Int, meter: PoolMeter) {
        self.options = options
        self.meter = meter
        state = Mutex(State(free: (0..<size).map { _ in Place() }))
    }

    /// A connection that comes back lost, or with a transaction open, is closed.
    package func withConnection<T: Sendable>(
        _ body: (inout Connection) async throws -> T
    ) async throws -> T {
        let asked = ContinuousClock.now
        let place = await take()
        defer { giveBack(place) }
        meter.waited(asked.duration(to: .now))
        let kept = place.connection.withLock { $0.take() }
        var connection = try await Self.usable(kept, options)
        do {
            let value = try await body(&connection)
            keep(connection, in: place)
            return value
        } catch {
            keep(connection, in: place)
            throw error
        }
    }

    private static func usable(
        _ kept: consuming Connection?, _ options: ConnectionOptions
    ) async throws -> Connection {
        if let kept, kept.isIdle { return kept }
        return try await Connection.open(options)
    }

    private func keep(_ connection: consuming Connection, in place: Place) {
        guard connection.isIdle else { return }
        var kept: Connection? = connection
        place.connection.withLock { $0 = kept.take() }
    }

    private func take() async -> Place {
        await withCheckedContinuation { continuation in
            let free = state.withLock { state -> Place? in
                if let place = state.free.popLast() { return place }
                state.waiting.append(continuation)
                return nil
            }
            if let free { continuation.resume(returning: free) }
        }
    }

    private func giveBack(_ place: Place) {
        let next = state.withLock { state -> CheckedContinuation<Place, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free.append(place)
            return nil
        }
        next?.resume(returning: place)
    }
}
