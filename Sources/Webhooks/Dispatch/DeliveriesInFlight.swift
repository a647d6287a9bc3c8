import Engine
import Postgres
import Synchronization

/// The deliveries that are on their way, and those that have come back and wait to be written down.
final class DeliveriesInFlight: Sendable {
    private struct Deliveries {
        var leased: [Identifier: Delivery] = [:]
        var finished: [Acknowledgement] = []
        var slots: DeliverySlots
    }
    private let deliveries: Mutex<Deliveries>
    private let wakeup: Wakeup

    init(total: Int, wakeup: Wakeup) {
        deliveries = Mutex(Deliveries(slots: DeliverySlots(total: total)))
        self.wakeup = wakeup
    }

    var count: Int { deliveries.withLock { $0.leased.count } }

    /// What a claim may take, once those that have come back are written.
    func offer(batch: Int) -> DeliverySlots.Offer { deliveries.withLock { $0.slots.offer(batch: batch) } }

    func begin(_ claimed: [Delivery]) {
        deliveries.withLock { deliveries in
            for delivery in claimed {
                deliveries.leased[delivery.transactionID] = delivery
                deliveries.slots.take(delivery)
            }
        }
    }

    /// Its slot is free for another delivery from now on: claims write first what has come back.
    func end(_ acknowledgement: Acknowledgement) {
        let isFirst = deliveries.withLock { deliveries in
            deliveries.finished.append(acknowledgement)
            deliveries.slots.leave(acknowledgement)
            return deliveries.finished.count == 1
        }
        if isFirst { wakeup.ring() }
    }

    /// Results to write. They stay in flight until `forget`, so that a failed write is tried again.
    var finished: [Acknowledgement] { deliveries.withLock(\.finished) }

    func forget(_ written: [Acknowledgement]) {
        deliveries.withLock { deliveries in
            deliveries.finished.removeFirst(written.count)
            for acknowledgement in written { deliveries.leased[acknowledgement.delivery.transactionID] = nil }
        }
    }

    /// What was seen of the endpoints since it was asked last.
    func takeObservations() -> EndpointObservations? { deliveries.withLock { $0.slots.takeObservations() } }

    /// Whether a breaker waits for what was seen.
    var isUrgent: Bool { deliveries.withLock { $0.slots.isUrgent } }

    /// Everything still on its way.
    func takeAll() -> [Delivery] {
        deliveries.withLock { deliveries in
            defer { deliveries = Deliveries(slots: DeliverySlots(total: deliveries.slots.total)) }
            return Array(deliveries.leased.values)
        }
    }
}
