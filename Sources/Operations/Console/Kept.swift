import Synchronization

/// A value that many look at: made anew by who asks first after a while. The others are shown the last one meanwhile.
final class Kept<Value: Sendable>: Sendable {
    private struct State {
        var last: Value?
        var until = ContinuousClock.now
        var isBeingMade = false
    }

    private let time: Duration
    private let state = Mutex(State())

    init(for time: Duration) { self.time = time }

    /// - Parameter isFresh: has it made however old the last one is.
    func value(isFresh: Bool = false, _ make: () async throws -> Value) async throws -> Value {
        let last = isFresh ? nil : take()
        if let last { return last }
        do {
            let value = try await make()
            state.withLock { $0 = State(last: value, until: .now + time) }
            return value
        } catch {
            state.withLock { $0.isBeingMade = false }
            throw error
        }
    }

    /// The last one, unless it is for the caller to make the next.
    private func take() -> Value? {
        state.withLock { state in
            if let last = state.last, state.isBeingMade || state.until > .now { return last }
            state.isBeingMade = true
            return nil
        }
    }
}
