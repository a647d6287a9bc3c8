import Countersign
import Postgres
import Testing

@testable import Webhooks

/// What waits behind the slots of an endpoint, without a network or a database.
@Suite struct EndpointQueuesTests {
    private let endpoint = WebhookEndpoint(portalID: 1, origin: "https://acme.example")

    private func delivery(_ number: UInt8, concurrency: Int = 2) -> Delivery {
        Delivery(
            transactionID: .random(), epoch: nil, token: Int64(number), attempt: 1, attemptsBefore: 0,
            endpoint: endpoint,
            callbackURI: "https://acme.example/", status: "denied", denyReason: nil, occurredAt: .now(),
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
        let sent = (1...5).map { queues.begin(delivery($0)) }
        #expect(sent == [true, true, false, false, false])
        let third = queues.end(endpoint, isFailing: false).next
        let isSixthSent = queues.begin(delivery(6))
        #expect(third?.token == 3 && !isSixthSent)
        let rest = (0..<5).map { _ in queues.end(endpoint, isFailing: false).next?.token }
        #expect(rest == [4, 5, 6, nil, nil])
        let isSeventhSent = queues.begin(delivery(7))
        let waiting = queues.takeWaiting()
        #expect(isSeventhSent && waiting.isEmpty)
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
        slots.take(first)
        slots.take(second)
        slots.leave(acknowledgement(first, DeliveryResult(statusCode: 204), milliseconds: milliseconds))
        let offer = slots.offer(batch: 500).exceptions
        #expect(offer.contains("\"1 https://acme.example\":\(most - 1)"), "\(offer)")
        slots.leave(acknowledgement(second, DeliveryResult(statusCode: 503, failure: .status)))
        let failing = slots.offer(batch: 500).exceptions
        #expect(failing.contains("\"1 https://acme.example\":1"), "\(failing)")
    }

    @Test func `what was not sent leaves its place`() {
        var slots = DeliverySlots(total: 10)
        let (first, second) = (delivery(1), delivery(2))
        for one in [first, second] { slots.take(one) }
        let rows = slots.offer(batch: 500).rows
        slots.putBack(second)
        slots.leave(acknowledgement(first, DeliveryResult(statusCode: 503, failure: .status)))
        let rowsAfter = slots.offer(batch: 500).rows
        #expect(rows == 8 && rowsAfter == 10)
    }
}
