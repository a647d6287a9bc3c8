import Countersign
import Crypto
import Engine
import Foundation
import NIOHTTP1
import Postgres
import Support
import Testing
@testable import Webhooks

/// Deliveries to a real HTTP server.
@Suite(.database) struct DispatchTests {
    private let site = WebhookSite()

    @Test func `an end is signed and delivered`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address + "/cb", password: "s3cret")
            try await site.dispatching { _ in
                let row = try await site.delivery(id, "delivered")
                #expect(row.attempts == 1 && row.code == 204 && row.error == nil)
            }
            let request = try #require(receiver.received.first)
            #expect(receiver.received.count == 1 && request.path == "/cb")
            let headers = request.headers
            #expect(headers.first(name: "webhook-id") == id.description)
            #expect(
                headers.first(name: "authorization") == "Basic "
                    + Data("cs:s3cret".utf8).base64EncodedString())
            let timestamp = try #require(headers.first(name: "webhook-timestamp"))
            let seconds = try #require(Int64(timestamp))
            #expect(
                try headers.first(name: "webhook-signature")
                    == WebhookSigner(secrets: [WebhookSite.secret])
                    .signature(id: id.description, seconds: seconds, body: request.body))
        }
    }

    /// A worker's plans are for the days in question, and whatever lies outside is delivered all the same.
    @Test(arguments: [-40, 2]) func `an end is delivered with plans of another day`(days: Int) async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            try await Database.current.plan(days: days)
            let id = try await site.endedRequest(receiver.address + "/cb")
            try await site.dispatching { _ in
                let row = try await site.delivery(id, "delivered")
                #expect(row.attempts == 1 && row.code == 204)
            }
            #expect(receiver.received.count == 1)
        }
    }

    /// The seal binds a secret to its row, and so must whatever remembers it opened.
    @Test func `a secret moved to another portal's row signs nothing there`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let url = receiver.address + "/cb"
            let (acme, globex) = (try await site.addPortal(), try await site.addPortal("globex"))
            for portal in [acme, globex] {
                try await site.addCallback(url, of: portal, password: "hush")
            }
            var limits = DispatchStage.Limits()
            limits.putOff = .milliseconds(100)
            try await site.dispatching(limits) { _ in
                let sent = try await site.end(at: url, of: acme)[0]
                _ = try await site.delivery(sent, "delivered")
                var owner = try await Database.current.connect()
                let move = { (column: String, table: String) in
                    """
                    UPDATE countersign.\(table) t SET \(column) = f.\(column) FROM countersign.\(table) f
                    WHERE f.portal_id = \(acme) AND t.portal_id = \(globex)
                    """
                }
                try await owner.execute(move("signing_secret", "portals"))
                let stolen = try await site.end(at: url, of: globex)[0]
                try await untried(stolen)
                try await owner.execute(move("password", "callback_urls"))
                try await site.seal(globex)
                let second = try await site.end(at: url, of: globex)[0]
                try await untried(second)
            }
            #expect(receiver.received.count == 1)
        }
    }

    /// Once it has been claimed and given back twice, and no attempt was counted.
    private func untried(_ id: Identifier) async throws {
        try await eventually("it is given back untried") {
            try await site.count(
                """
                SELECT count(*) FROM countersign.dispatch_queue
                WHERE transaction_id = '\(id)' AND token >= 4 AND attempts = 0 AND NOT leased
                """) == 1
        }
        #expect(
            try await site.count(
                "SELECT count(*) FROM countersign.webhook_tries WHERE transaction_id = '\(id)'") == 0)
    }

    /// As after `key reseal`, when a worker has not been given the new key.
    @Test func `what this worker's keys do not open waits untried`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let portal = try await site.addPortal()
            try await site.addCallback(receiver.address + "/cb", of: portal)
            var owner = try await Database.current.connect()
            let new = Sealer(MasterKeys(current: MasterKey(id: 2, key: SymmetricKey(size: .bits256))))
            let sealed = try new.seal(
                WebhookSite.secret, at: SealedColumn.signingSecret.place(Int(portal)))
            let change = Statement(
                "change", "UPDATE countersign.portals SET signing_secret = $2 WHERE portal_id = $1")
            try await owner.run(change, [.int32(portal), .bytes(sealed)])
            let id = try await site.end(at: receiver.address + "/cb", of: portal)[0]
            var limits = DispatchStage.Limits()
            limits.putOff = .milliseconds(100)
            let stage = DispatchStage(sealer: site.sealer, policy: .loopback, limits: limits)
            #expect(stage.unopened.latest == nil)
            try await withWorker(
                stages: [.dispatch], dispatch: stage, logger: LogCapture.current.logger()
            ) { _ in
                try await untried(id)
                #expect(receiver.received.isEmpty)
                #expect(stage.unopened.latest?.contains("is sealed with master key 2") == true)
                let lines = LogCapture.current.text.split(separator: "\n")
                #expect(lines.filter { $0.contains("webhooks wait") }.count == 1)
                try await site.seal(portal)
                #expect(try await site.delivery(id, "delivered").attempts == 1)
            }
            #expect(receiver.received.count == 1)
        }
    }

    /// W3C Trace Context: what the portal's call was part of, the webhook is part of.
    @Test func `the trace goes on`() async throws {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            var owner = try await Database.current.connect()
            try await owner.execute("UPDATE countersign.auth_requests SET traceparent = '\(trace)'")
            try await site.dispatching { _ in _ = try await site.delivery(id, "delivered") }
            #expect(receiver.received.first?.header("traceparent") == trace)
        }
    }

    @Test(arguments: [301, 400, 404, 410]) func `an answer that is final ends the delivery at once`(code: Int)
        async throws
    {
        try await Receiver.run { _, _ in
            .status(code, headers: ["location": "http://127.0.0.1:1/elsewhere"], body: "no")
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in
                let row = try await site.delivery(id, code == 301 ? "pending" : "dead")
                #expect(row.code == code && row.error == "status" && row.body == "no")
            }
            #expect(receiver.received.count == 1)
        }
    }

    @Test(arguments: [408, 425, 429, 500, 503]) func `a delivery is tried again with the same id`(code: Int)
        async throws
    {
        try await Receiver.run { index, _ in
            index == 0 ? .status(code) : .status(200)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in
                let row = try await site.delivery(id, "delivered")
                #expect(row.attempts == 2)
            }
            #expect(Set(receiver.received.map { $0.headers.first(name: "webhook-id") }) == [id.description])
            #expect(receiver.received.count == 2)
        }
    }

    /// Head and body are one packet: a receiver has all of it with its first read.
    @Test func `a request goes out in one piece`() async throws {
        try await Receiver.run { index, _ in
            .status(index < 2 ? 503 : 204)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in _ = try await site.delivery(id, "delivered") }
            let bodies = receiver.received.map(\.body).filter { !$0.isEmpty }
            #expect(bodies.count == 3 && receiver.reads == 3)
        }
    }

    /// Byte for byte, whatever a parser of URLs would make of it.
    @Test(arguments: [
        "/cb?a[]=1&r=%2Fhome", "/cb?x={a}|b", "/cb?x=%zz", "?a[]=1", "", "/a//b/../c?", "/%2e%2E/%41^`\"<>\\",
        "/cb?a=1?b=2&&;=#".replacing("#", with: ""), "/?url=https://acme.example:443/x?y[z]",
    ])
    func `the target is sent as it is stored`(target: String) async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let url = receiver.address + target
            let id = try await site.endedRequest(url)
            try await site.dispatching { _ in _ = try await site.delivery(id, "delivered") }
            let request = try #require(receiver.received.first)
            #expect(request.path == (target.hasPrefix("/") ? target : "/" + target))
            #expect(request.header(ExactRequest.targetField) == nil)
            #expect(request.header("host") == "127.0.0.1:\(receiver.port)")
            let body = try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
            #expect(body?["callback_uri"] as? String == url)
        }
    }

    @Test func `a cut connection is tried again`() async throws {
        try await Receiver.run { index, _ in
            index == 0 ? .cut : .status(200)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            try await site.dispatching { _ in
                let row = try await site.delivery(id, "delivered")
                #expect(row.attempts == 2)
            }
        }
    }

    @Test func `what is in flight at the end is given back`() async throws {
        var limits = DispatchStage.Limits()
        limits.drain = .milliseconds(100)
        limits.delivery.total = .seconds(60)
        try await Receiver.run { index, _ in
            index == 0 ? .silence : .status(200)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            let begun = ContinuousClock.now
            try await site.dispatching(limits) { _ in try await receiver.wait(for: 1) }
            #expect(begun.duration(to: .now) < limits.delivery.total)
            var owner = try await Database.current.connect()
            let left = try await owner.execute(
                "SELECT leased, due_at <= clock_timestamp(), token FROM countersign.dispatch_queue")
            #expect(left.count == 1)
            #expect(try left[0].text(0) == "f" && left[0].text(1) == "t" && left[0].text(2) == "2")
            try await site.dispatching { _ in _ = try await site.delivery(id, "delivered") }
            #expect(receiver.received.count == 2)
        }
    }

    /// Whoever lost his lease can no longer change anything; nor beside whoever has it.
    @Test(arguments: [204, 503, 410]) func `a stale token changes nothing`(status: Int) async throws {
        let id = try await site.endedRequest("http://127.0.0.1:1/cb")
        var owner = try await Database.current.connect()
        let offer = DeliverySlots.Offer(rows: 100, portalShare: 100, exceptions: "{}")
        let claim = ClaimDeliveries(
            offer: offer, leaseSeconds: 0, after: WebhookEndpoint(portalID: 0, origin: ""))
        let first = try await owner.run(claim).one()
        let second = try await owner.run(claim).one()
        #expect(first.transactionID == id && second.token == first.token + 1)
        for (deliveries, written) in [([first], 0), ([first, second], 1)] {
            let acknowledgements = deliveries.map {
                Acknowledgement(
                    $0, startedAt: .now(), milliseconds: 5,
                    result: DeliveryResult(statusCode: status, failure: status == 204 ? nil : .status))
            }
            let statement = AcknowledgeDeliveries(acknowledgements: acknowledgements, days: .recent)
            #expect(try await owner.run(statement).one() == written)
        }
    }
}
