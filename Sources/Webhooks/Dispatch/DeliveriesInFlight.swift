import Countersign
import Engine
import Postgres
import Synchronization

/// The deliveries that are claimed: on their way, waiting for their turn, and those that have come back and are to be
/// written down.
final class DeliveriesInFlight: Sendable {
    fileprivate struct Deliveries {
        var leased: [Identifier: Delivery] = [:]
        var finished: [Acknowledgement] = []
        var returned: [Delivery] = []
        var queues = EndpointQueues()
        var slots: DeliverySlots
        /// So many finished ones wake the loop.
        var enough = 1
    }
    private let deliveries: Mutex<Deliveries>
    private let wakeup: Wakeup

    init(total: Int, putOff: Duration, wakeup: Wakeup) {
        deliveries = Mutex(Deliveries(slots: DeliverySlots(total: total, putOff: putOff)))
        self.wakeup = wakeup
    }

    var count: Int { deliveries.withLock { $0.leased.count } }

    /// What a claim may take, once those that have come back are written.
    func offer(batch: Int) -> DeliverySlots.Offer { deliveries.withLock { $0.slots.offer(batch: batch) } }

    /// Returns those that are to be sent now; the others wait for one of these.
    func begin(_ claimed: [Delivery]) -> [Delivery] {
        deliveries.withLock { deliveries in
            claimed.compactMap { delivery in
                deliveries.leased[delivery.transactionID] = delivery
                let sent = deliveries.queues.begin(delivery)
                deliveries.slots.take(delivery, isSent: sent != nil)
                return sent
            }
        }
    }

    /// Its slot is free for another delivery from now on: claims write first what has come back. Returns the one that
    /// is to be sent in its place.
    func end(_ acknowledgement: Acknowledgement) -> Delivery? {
        let (next, isEnough) = deliveries.withLock { deliveries in
            deliveries.finished.append(acknowledgement)
            let (next, returned) = deliveries.queues.end(
                acknowledgement.delivery.endpoint, isFailing: acknowledgement.result.health == false)
            deliveries.slots.leave(acknowledgement, hasNext: next != nil)
            deliveries.giveBack(returned)
            return (next, deliveries.finished.count == deliveries.enough || !returned.isEmpty)
        }
        if isEnough { wakeup.ring() }
        return next
    }

    /// It was not sent, for a reason of this worker's own. It goes back untried with what waits for the same endpoint, which
    /// is left to others for a while.
    func putOff(_ delivery: Delivery) {
        deliveries.withLock { deliveries in
            let (_, waiting) = deliveries.queues.end(delivery.endpoint, isFailing: true)
            deliveries.slots.putOff(delivery)
            deliveries.returned.append(delivery)
            deliveries.giveBack(waiting)
        }
        wakeup.ring()
    }

    /// Sends nothing more of what waits.
    func stop() {
        deliveries.withLock { $0.giveBack($0.queues.takeWaiting()) }
    }

    /// The loop is woken when half of what is in flight has come back, at once when that is so already; or by the first
    /// when there is little to do. Returns whether there is reason to wait.
    func waitsForMany(_ isBusy: Bool) -> Bool {
        deliveries.withLock { deliveries in
            deliveries.enough = isBusy ? max(1, deliveries.leased.count / 2) : 1
            return deliveries.finished.count < deliveries.enough
        }
    }

    /// Whether there is something to write.
    var hasResults: Bool { deliveries.withLock { !$0.finished.isEmpty || !$0.returned.isEmpty } }

    /// The first results to write. They stay in flight until `forget`, so that a failed write is tried again.
    func finished(_ most: Int) -> [Acknowledgement] {
        deliveries.withLock { Array($0.finished.prefix(most)) }
    }

    /// Takes the texts out of all results that are to be written. False when there are none.
    func dropTexts() -> Bool {
        deliveries.withLock { deliveries in
            guard deliveries.finished.contains(where: \.hasTexts) else { return false }
            deliveries.finished = deliveries.finished.map(\.withoutTexts)
            return true
        }
    }

    /// The first of what was not sent and goes back to the queue. They stay in flight until `forget`, too.
    func returned(_ most: Int) -> [Delivery] { deliveries.withLock { Array($0.returned.prefix(most)) } }

    func forget(_ written: [Acknowledgement], returned: [Delivery]) {
        deliveries.withLock { deliveries in
            deliveries.finished.removeFirst(written.count)
            for acknowledgement in written { deliveries.leased[acknowledgement.delivery.transactionID] = nil }
            deliveries.returned.removeFirst(returned.count)
            for delivery in returned { deliveries.leased[delivery.transactionID] = nil }
        }
    }

    /// What was seen of the endpoints since it was asked last.
    func takeObservations() -> EndpointObservations? { deliveries.withLock { $0.slots.takeObservations() } }

    /// Whether a breaker waits for what was seen.
    var isUrgent: Bool { deliveries.withLock { $0.slots.isUrgent } }

    /// Everything that has not come back: what is on its way, and what was not sent.
    func takeAll() -> (sent: [Delivery], unsent: [Delivery]) {
        deliveries.withLock { deliveries in
            let unsent = deliveries.queues.takeWaiting() + deliveries.returned
            for delivery in unsent { deliveries.leased[delivery.transactionID] = nil }
            defer { deliveries = Deliveries(slots: deliveries.slots.emptied) }
            return (Array(deliveries.leased.values), unsent)
        }
    }
}

extension DeliveriesInFlight.Deliveries {
    fileprivate mutating func giveBack(_ unsent: [Delivery]) {
        returned += unsent
        for delivery in unsent { slots.putBack(delivery) }
    }
}
