import Engine
import Postgres
import Synchronization

/// The deliveries that are on their way, and those that have come back and wait to be written down.
final class InFlight: Sendable {
    private struct State {
        var leased: [Identifier: Delivery] = [:]
        var finished: [Acknowledgement] = []
        var places: Places
    }
    private let state: Mutex<State>
    private let wakeup: Wakeup

    init(total: Int, wakeup: Wakeup) {
        state = Mutex(State(places: Places(total: total)))
        self.wakeup = wakeup
    }

    var count: Int { state.withLock { $0.leased.count } }

    /// What a claim may take, once those that have come back are written.
    func offer(batch: Int) -> Places.Offer { state.withLock { $0.places.offer(batch: batch) } }

    func begin(_ deliveries: [Delivery]) {
        state.withLock { state in
            for delivery in deliveries {
                state.leased[delivery.transactionID] = delivery
                state.places.take(delivery)
            }
        }
    }

    /// Its place is free for another delivery from now on: claims write first what has come back.
    func end(_ acknowledgement: Acknowledgement) {
        let isFirst = state.withLock { state in
            state.finished.append(acknowledgement)
            state.places.leave(acknowledgement)
            return state.finished.count == 1
        }
        if isFirst { wakeup.ring() }
    }

    /// Results to write. They stay in flight until `forget`, so that a failed write is tried again.
    var finished: [Acknowledgement] { state.withLock(\.finished) }

    func forget(_ written: [Acknowledgement]) {
        state.withLock { state in
            state.finished.removeFirst(written.count)
            for acknowledgement in written { state.leased[acknowledgement.delivery.transactionID] = nil }
        }
    }

    /// What was seen of the endpoints since it was asked last.
    func takeObservations() -> Observations? { state.withLock { $0.places.takeObservations() } }

    /// Whether a breaker waits for what was seen.
    var isUrgent: Bool { state.withLock { $0.places.isUrgent } }

    /// Everything still on its way.
    func takeAll() -> [Delivery] {
        state.withLock { state in
            defer { state = State(places: Places(total: state.places.total)) }
            return Array(state.leased.values)
        }
    }
}
