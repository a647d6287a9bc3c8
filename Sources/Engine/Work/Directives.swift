package import Countersign
import Synchronization

/// What operators have told every worker (`stage_controls`), as this process last read it: at most a second ago.
package final class Directives: Sendable {
    package struct Orders: Sendable, Equatable {
        package var paused: Set<StageName> = []
        /// Rows in a batch, for stages that are not to take what the worker was started with.
        package var batchSizes: [StageName: Int] = [:]

        package init() {}
    }

    private struct State {
        var orders = Orders()
        var wakeups: [Wakeup] = []
    }
    private let state = Mutex(State())

    package init() {}

    package func isPaused(_ stage: StageName) -> Bool { state.withLock { $0.orders.paused.contains(stage) } }
    package func batchSize(_ stage: StageName) -> Int? { state.withLock { $0.orders.batchSizes[stage] } }

    /// Wakes that sleeper whenever something has changed.
    package func wake(_ wakeup: Wakeup) { state.withLock { $0.wakeups.append(wakeup) } }

    /// Returns whether that is new.
    @discardableResult
    package func follow(_ orders: Orders) -> Bool {
        let sleepers: [Wakeup]? = state.withLock { state in
            guard state.orders != orders else { return nil }
            state.orders = orders
            return state.wakeups
        }
        for sleeper in sleepers ?? [] { sleeper.ring() }
        return sleepers != nil
    }
}
