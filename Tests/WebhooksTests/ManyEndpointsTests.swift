import Countersign
import Postgres
import Support
import Synchronization
import Testing
import Webhooks

/// 1,000 endpoints, 300 of them dead, and one worker with fewer places than there are dead ones.
@Suite(.database) struct ManyEndpointsTests {
    private let site = WebhookSite()

    /// Every address 127.x.y.1 is one of this machine's. The dead never answer, the most expensive way to be dead.
    @Test func `the dead do not hold up the living`() async throws {
        let dead = 300
        let living = 700
        try await Receiver.run(host: "0.0.0.0") { _, request in
            (Int(request.path.dropFirst()) ?? 0) < dead ? .silence : .status(204)
        } _: { receiver in
            let portals = [try await site.addPortal("one"), try await site.addPortal("two")]
            var superuser = try await Database.current.connectAsSuperuser()
            try await superuser.run(
                Self.endings, [.int32s(portals), .int32(Int32(receiver.port)), .int32(1_000)])
            var limits = DispatchStage.Limits()
            limits.total = 256
            limits.delivery.total = .seconds(2)
            limits.drain = .milliseconds(100)
            try await site.dispatching(limits) { _ in
                try await eventually("the living have got theirs") {
                    try await site.count(
                        "SELECT count(*) FROM countersign.webhook_deliveries WHERE status = 'delivered'")
                        == living * 2
                }
            }
            let ids = receiver.received.filter { (Int($0.path.dropFirst()) ?? 0) >= dead }
                .compactMap { $0.header("webhook-id") }
            // One that took longer than 2 s on a busy machine is sent again.
            #expect(Set(ids).count == living * 2)
            #expect(
                try await site.count("SELECT count(*) FROM countersign.dispatch_queue") == dead * 2)
        }
    }

    /// $1 portals in turns, $2 port, $3 endpoints with two deliveries each.
    private static let endings = Statement(
        "endings",
        """
        WITH wanted AS (
            SELECT ($1::integer[])[1 + n % cardinality($1::integer[])] AS portal_id, countersign.uuid_v7() AS id,
                   format('http://127.%s.%s.1:%s/%s', 1 + n / 250, n % 250, $2, n) AS url
            FROM generate_series(0, $3 - 1) AS n, generate_series(1, 2)
        ), listed AS (
            INSERT INTO countersign.callback_urls (portal_id, url) SELECT DISTINCT portal_id, url FROM wanted
        ), deliveries AS (
            INSERT INTO countersign.webhook_deliveries (transaction_id, created_at, portal_id, request_status,
                                                        callback_uri)
            SELECT id, now(), portal_id, 'cancelled', url FROM wanted
        )
        INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id, request_status,
                                                callback_uri)
        SELECT id, now(), now(), portal_id, 'cancelled', url FROM wanted
        """)
}
