import Countersign
import Postgres
import Synchronization

/// The deliveries that are on their way, and those that have come back and wait to be written down.
final class InFlight: Sendable {
    private struct State {
        var leased: [Identifier: Delivery] = [:]
        var perPortal: [Int32: Int] = [:]
        var finished: [Acknowledgement] = []
    }
    private let state = Mutex(State())
    private let wakeup: Wakeup

    init(wakeup: Wakeup) { self.wakeup = wakeup }

    var count: Int { state.withLock { $0.leased.count } }

    /// Portals with deliveries in flight, and how many of each.
    var busy: (portals: [Int32], counts: [Int32]) {
        state.withLock { state in
            (Array(state.perPortal.keys), state.perPortal.values.map { Int32($0) })
        }
    }

    func begin(_ delivery: Delivery) {
        state.withLock { state in
            state.leased[delivery.transactionID] = delivery
            state.perPortal[delivery.portalID, default: 0] += 1
        }
    }

    /// Its place is free for another delivery once the result has been taken to be written.
    func end(_ acknowledgement: Acknowledgement) {
        state.withLock { $0.finished.append(acknowledgement) }
        wakeup.ring()
    }

    /// Results to write. They stay in flight until `forget`, so that a failed write is tried again.
    var finished: [Acknowledgement] { state.withLock(\.finished) }

    func forget(_ written: [Acknowledgement]) {
        state.withLock { state in
            state.finished.removeFirst(written.count)
            for acknowledgement in written { Self.remove(acknowledgement.delivery, &state) }
        }
    }

    /// Everything still on its way.
    func takeAll() -> [Delivery] {
        state.withLock { state in
            let deliveries = Array(state.leased.values)
            state = State()
            return deliveries
        }
    }

    private static func remove(_ delivery: Delivery, _ state: inout State) {
        state.leased[delivery.transactionID] = nil
        let left = (state.perPortal[delivery.portalID] ?? 0) - 1
        state.perPortal[delivery.portalID] = left > 0 ? left : nil
    }
}
