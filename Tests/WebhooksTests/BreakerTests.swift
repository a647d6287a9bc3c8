import Countersign
import Engine
import Postgres
import Support
import Synchronization
import Testing
@testable import Webhooks

/// Endpoints that fail, and those that share a worker with them.
@Suite(.database) struct BreakerTests {
    private let site = WebhookSite()

    private func state() async throws -> String? {
        var owner = try await Database.current.connect()
        return try await owner.execute("SELECT state FROM countersign.webhook_endpoints").first?.text(0)
    }

    /// Returns once the worker has delivered to another portal, and so has looked at what is due since this was called.
    private func deliverToAnother() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let portal = try await site.addPortal("another")
            try await site.addCallback(receiver.address, of: portal)
            try await site.end(at: receiver.address, of: portal)
            try await receiver.wait(for: 1)
        }
    }

    /// Ten failures open it, for all workers; what waits is not attempted meanwhile; a probe that is answered closes
    /// it, and everything is delivered.
    @Test func `a breaker opens, is shared, and closes after a probe`() async throws {
        let isUp = Mutex(false)
        try await Receiver.run { _, _ in
            isUp.withLock(\.self) ? .status(204) : .status(503)
        } _: { receiver in
            let portal = try await site.addPortal()
            try await site.addCallback(receiver.address, of: portal)
            try await site.end(60, at: receiver.address, of: portal)
            try await site.dispatching { _ in
                try await eventually("it opens") { try await state() == "open" }
            }
            let tried = receiver.received.count
            #expect(tried >= 10 && tried < 60)
            // Another worker, which has seen none of it, sends nothing.
            try await site.dispatching { _ in
                try await site.end(at: receiver.address, of: portal)
                try await deliverToAnother()
                #expect(receiver.received.count == tried)
                // A failed probe opens it again.
                try await letOpenTimePass()
                try await receiver.wait(for: tried + 1)
                try await eventually("it is open again") {
                    try await site.count(
                        "SELECT count(*) FROM countersign.webhook_endpoints WHERE trips = 2") == 1
                }
                #expect(receiver.received.count == tried + 1)
                isUp.withLock { $0 = true }
                try await letOpenTimePass()
                try await eventually("it closes") { try await state() == "closed" }
                var owner = try await Database.current.connect()
                try await owner.execute(
                    "UPDATE countersign.dispatch_queue SET due_at = now() WHERE NOT leased")
                try await eventually("all are delivered") {
                    try await site.count("SELECT count(*) FROM countersign.dispatch_queue") == 0
                }
            }
            #expect(
                try await site.count(
                    "SELECT count(*) FROM countersign.webhook_deliveries WHERE status = 'delivered'") == 62)
        }
    }

    private func letOpenTimePass() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute("UPDATE countersign.webhook_endpoints SET open_until = clock_timestamp()")
    }

    /// Six failures of one worker and six of another are twelve; four of each are too few.
    @Test(arguments: [(4, false), (6, true)]) func `failures of all workers count`(each: Int, opens: Bool)
        async throws
    {
        let portal = try await site.addPortal()
        var owner = try await Database.current.connect()
        let endpoint = WebhookEndpoint(portalID: portal, origin: "https://acme.example")
        for _ in 0..<2 {
            try await owner.run(count(each, failures: each, of: endpoint))
        }
        let opened = try await owner.run(OpenBreakers(failing: [(endpoint, "timeout")]))
        #expect(opened.count == (opens ? 1 : 0))
    }

    private func count(_ attempts: Int, failures: Int, of endpoint: WebhookEndpoint) -> CountAttempts {
        let count = EndpointObservations.Count(attempts: attempts, failures: failures)
        return CountAttempts(seen: [(endpoint, count)], workerID: .random())
    }

    /// 59 % is not enough.
    @Test func `some failures do not open a breaker`() async throws {
        let portal = try await site.addPortal()
        var owner = try await Database.current.connect()
        let endpoint = WebhookEndpoint(portalID: portal, origin: "https://acme.example")
        let opening = OpenBreakers(failing: [(endpoint, "timeout")])
        try await owner.run(count(100, failures: 59, of: endpoint))
        #expect(try await owner.run(opening).count == 0)
        try await owner.run(count(3, failures: 3, of: endpoint))
        #expect(try await owner.run(opening).count == 1)
    }

    /// One that has been down for half an hour does not keep what is that old, but lists it.
    @Test func `what is too old is given up and listed`() async throws {
        let portal = try await site.addPortal()
        let url = "https://acme.example/cb"
        try await site.addCallback(url, of: portal)
        try await site.end(3, at: url, of: portal)
        var owner = try await Database.current.connect()
        try await owner.execute(Self.downForLong(portal))
        #expect(try await owner.run(GiveUpDeliveries()).one() == 2)
        #expect(try await site.count("SELECT count(*) FROM countersign.dead_deliveries") == 2)
        #expect(try await site.count("SELECT count(*) FROM countersign.dispatch_queue") == 1)
    }

    /// However old the backup is, and however long the operator has taken.
    @Test func `what waits for an operator after a restore is not given up, nor when it is released`()
        async throws
    {
        let portal = try await site.addPortal()
        let url = "https://acme.example/cb"
        try await site.addCallback(url, of: portal)
        try await site.end(3, at: url, of: portal)
        var owner = try await Database.current.connect()
        try await owner.execute(Self.downForLong(portal))
        try await owner.execute("SELECT countersign.declare_epoch()")
        #expect(try await owner.run(ClearSuspects(limit: 10)).one() == 3)
        #expect(try await owner.run(GiveUpDeliveries()).one() == 0)
        try await owner.execute("SELECT countersign.release_epoch(true)")
        #expect(try await owner.run(GiveUpDeliveries()).one() == 0)
        #expect(
            try await site.count("SELECT count(*) FROM countersign.dispatch_queue WHERE due_at <= now()") == 3
        )
    }

    /// A receiver for half an hour, and all deliveries to it but the last.
    private static func downForLong(_ portal: Int32) -> String {
        """
        INSERT INTO countersign.webhook_endpoints (portal_id, origin, state, changed_at, open_until, failing_since)
        VALUES (\(portal), 'https://acme.example', 'open', now(), now() + interval '1 h', now() - interval '31 min');
        UPDATE countersign.dispatch_queue SET queued_at = now() - interval '31 min'
        WHERE transaction_id <> (SELECT max(transaction_id::text)::uuid FROM countersign.dispatch_queue)
        """
    }

    /// A disabled portal's deliveries wait and go out when it is enabled again.
    @Test func `a disabled portal's deliveries wait`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let id = try await site.endedRequest(receiver.address)
            var owner = try await Database.current.connect()
            try await owner.execute("UPDATE countersign.portals SET enabled = false")
            try await site.dispatching { _ in
                let other = try await site.addPortal("other")
                try await site.addCallback(receiver.address, of: other)
                let next = try await site.end(at: receiver.address, of: other)[0]
                _ = try await site.delivery(next, "delivered")
                #expect(receiver.received.map { $0.header("webhook-id") } == ["\(next)"])
                try await owner.execute("UPDATE countersign.portals SET enabled = true")
                _ = try await site.delivery(id, "delivered")
            }
        }
    }

    @Test func `rate and concurrency hold`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let portal = try await site.addPortal()
            try await site.addCallback(receiver.address, of: portal)
            var owner = try await Database.current.connect()
            try await owner.execute(
                "UPDATE countersign.portals SET webhook_rate = 5, webhook_concurrency = 2")
            try await site.end(12, at: receiver.address, of: portal)
            let start = ContinuousClock.now
            try await site.dispatching { _ in
                try await receiver.wait(for: 12)
            }
            // Five at once, and seven more at five a second.
            #expect(start.duration(to: .now) >= .milliseconds(1_300))
            #expect(receiver.connections <= 2)
        }
    }
}
