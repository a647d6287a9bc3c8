import Countersign
import Postgres
import Support
import Testing

@testable import Webhooks

/// What waits behind the slots of an endpoint, without a network or a database.
@Suite struct EndpointQueuesTests {
    private let endpoint = WebhookEndpoint(portalID: 1, origin: "https://acme.example")

    private func delivery(
        _ number: UInt8, concurrency: Int = 2, origin: String = "https://acme.example"
    ) -> Delivery {
        Delivery(
            transactionID: .random(), epoch: nil, token: Int64(number), attempt: 1, attemptsBefore: 0,
            endpoint: WebhookEndpoint(portalID: 1, origin: origin),
            callbackURI: origin + "/", status: "denied", denyReason: nil, occurredAt: .now(),
            signingSecret: [],
            previousSecret: nil, webhookKey: nil, concurrency: concurrency, rate: nil, isProbe: false,
            isListed: true,
            callbackID: nil, username: nil, password: nil, authenticationType: nil, traceparent: nil,
            portal: "acme",
            claimedAt: .now())
    }

    private func acknowledgement(_ delivery: Delivery, _ result: DeliveryResult, milliseconds: Int = 1)
        -> Acknowledgement
    {
        Acknowledgement(delivery, startedAt: .now(), milliseconds: milliseconds, result: result)
    }

    @Test func `no more are sent than there are slots, and the next in order`() {
        var queues = EndpointQueues()
        let sent = (1...5).map { queues.begin(delivery($0))?.token }
        #expect(sent == [1, 2, nil, nil, nil])
        let third = queues.end(endpoint, isFailing: false).next
        let sixth = queues.begin(delivery(6))
        #expect(third?.token == 3 && sixth == nil)
        let rest = (0..<5).map { _ in queues.end(endpoint, isFailing: false).next?.token }
        #expect(rest == [4, 5, 6, nil, nil])
        let seventh = queues.begin(delivery(7))
        let waiting = queues.takeWaiting()
        #expect(seventh?.token == 7 && waiting.isEmpty)
    }

    /// From the next claim on, also while some wait all the time.
    @Test func `a limit that is changed is kept`() {
        var queues = EndpointQueues()
        let first = (1...6).compactMap { queues.begin(delivery($0, concurrency: 4)) }
        let none = queues.begin(delivery(7, concurrency: 2))
        let nextOnes = (0..<4).map { _ in queues.end(endpoint, isFailing: false).next?.token }
        #expect(
            first.count == 4 && none == nil && nextOnes == [nil, nil, 5, 6], "two are sent from the third on")
        let raised = (8...10).map { queues.begin(delivery($0, concurrency: 4))?.token }
        #expect(raised == [7, 8, nil])
    }

    @Test func `a failure gives back what waits`() {
        var queues = EndpointQueues()
        for number in UInt8(1)...4 { _ = queues.begin(delivery(number)) }
        let end = queues.end(endpoint, isFailing: true)
        #expect(end.next == nil && end.returned.map(\.token) == [3, 4])
        let last = queues.end(endpoint, isFailing: false)
        #expect(last.next == nil && last.returned.isEmpty)
    }

    /// Its lease must outlast the attempt.
    @Test func `what has waited for too long is given back`() {
        var queues = EndpointQueues()
        for number in UInt8(1)...3 { _ = queues.begin(delivery(number)) }
        let end = queues.end(endpoint, isFailing: false, now: .now + .seconds(6))
        #expect(end.next == nil && end.returned.map(\.token) == [3])
    }

    /// As many as it answers in a tenth of a second, and none while it fails.
    @Test(arguments: [(1, 18), (50, 6), (1_000, 2)]) func `a quick endpoint may have more claimed`(
        milliseconds: Int, most: Int
    ) {
        var slots = DeliverySlots(total: 1_000)
        let (first, second) = (delivery(1), delivery(2))
        slots.take(first, isSent: true)
        slots.take(second, isSent: true)
        slots.leave(
            acknowledgement(first, DeliveryResult(statusCode: 204), milliseconds: milliseconds),
            hasNext: false)
        let offer = slots.offer(batch: 500).exceptions
        #expect(offer.contains("\"1 https://acme.example\":\(most - 1)"), "\(offer)")
        slots.leave(
            acknowledgement(second, DeliveryResult(statusCode: 503, failure: .status)), hasNext: false)
        let failing = slots.offer(batch: 500).exceptions
        #expect(failing.contains("\"1 https://acme.example\":1"), "\(failing)")
    }

    @Test func `what was not sent leaves its place`() {
        var slots = DeliverySlots(total: 10)
        let (first, second) = (delivery(1), delivery(2))
        slots.take(first, isSent: true)
        slots.take(second, isSent: false)
        let rows = slots.offer(batch: 500).rows
        slots.putBack(second)
        slots.leave(
            acknowledgement(first, DeliveryResult(statusCode: 503, failure: .status)), hasNext: false)
        let rowsAfter = slots.offer(batch: 500).rows
        #expect(rows == 9 && rowsAfter == 10)
    }

    /// Its secrets did not open here: other workers have it for a while.
    @Test func `an endpoint that is put off is left to others`() {
        var slots = DeliverySlots(total: 10, putOff: .seconds(10))
        let first = delivery(1)
        slots.take(first, isSent: true)
        slots.putOff(first)
        let offer = slots.offer(batch: 500)
        #expect(offer.rows == 10)
        #expect(offer.exceptions.contains("\"1 https://acme.example\":0"), "\(offer.exceptions)")
        let later = slots.offer(batch: 500, now: .now + .seconds(11))
        #expect(!later.exceptions.contains("acme.example"), "\(later.exceptions)")
    }

    @Test func `what waits for its turn takes nobody's slot, and has a limit of its own`() {
        var slots = DeliverySlots(total: 10)
        for number in 0..<11 { slots.take(delivery(1), isSent: number < 3) }
        let rows = slots.offer(batch: 500).rows
        for _ in 0..<8 { slots.take(delivery(1), isSent: false) }
        let rowsOfTwenty = slots.offer(batch: 500).rows
        slots.take(delivery(1), isSent: false)
        let none = slots.offer(batch: 500)
        #expect(rows == 7 && rowsOfTwenty == 1 && none.rows == 0)
        #expect(none.exceptions.contains("\"1\":0"), "\(none.exceptions)")
    }

    /// Of 16 slots and 32 that may be claimed, whichever is short.
    @Test(arguments: [(8, 8, 0), (8, 12, 0), (4, 6, 4), (2, 10, 6), (2, 15, 1), (2, 16, 0), (2, 20, 0)])
    func `a portal leaves half of the slots, and half of what may be claimed`(
        sent: Int, claimed: Int, left: Int
    ) {
        var slots = DeliverySlots(total: 16)
        for number in 0..<claimed { slots.take(delivery(1), isSent: number < sent) }
        let offer = slots.offer(batch: 500)
        #expect(offer.exceptions.contains("\"1\":\(left),"), "\(offer)")
        #expect(offer.rows > 0 && offer.portalShare > 0)
    }

    /// Whatever the portal's limit becomes meanwhile: claimed as offered, ended or given back in any order.
    @Test(arguments: UInt64(1)...20) func `no more are sent than the slots that a portal may have`(
        seed: UInt64
    ) {
        var chance = SplitMix(state: seed)
        var slots = DeliverySlots(total: 16)
        var queues = EndpointQueues()
        var sent: [Delivery] = []
        var most = 0
        for _ in 0..<2_000 {
            let concurrency = Int.random(in: 1...6, using: &chance)
            let offer = slots.offer(batch: 10)
            let share = offer.exceptions.firstMatch(of: /"1":(\d+)/).flatMap { Int($0.output.1) }
            for _ in 0..<min(offer.rows, share ?? offer.portalShare) {
                let number = Int.random(in: 1...8, using: &chance)
                let claimed = delivery(1, concurrency: concurrency, origin: "https://r\(number).example")
                let next = queues.begin(claimed)
                slots.take(claimed, isSent: next != nil)
                if let next { sent.append(next) }
            }
            most = max(most, sent.count)
            for _ in 0..<Int.random(in: 0...6, using: &chance) where !sent.isEmpty {
                let ended = sent.remove(at: Int.random(in: 0..<sent.count, using: &chance))
                let fails = Int.random(in: 0..<20, using: &chance) == 0
                let result =
                    fails
                    ? DeliveryResult(statusCode: 503, failure: .status) : DeliveryResult(statusCode: 204)
                let (next, returned) = queues.end(ended.endpoint, isFailing: fails)
                slots.leave(acknowledgement(ended, result), hasNext: next != nil)
                if let next { sent.append(next) }
                for one in returned { slots.putBack(one) }
            }
        }
        #expect(most == 8, "and a portal alone has half of them")
        for one in queues.takeWaiting() { slots.putBack(one) }
        for one in sent {
            slots.leave(acknowledgement(one, DeliveryResult(statusCode: 204)), hasNext: false)
        }
        #expect(slots.offer(batch: 500).rows == 16, "all are free again")
    }
}
