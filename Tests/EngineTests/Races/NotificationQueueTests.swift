import Countersign
import Postgres
import Support
import Testing

/// A session that listens and idles in a transaction holds up the notification queue of the whole server.
@Suite(.database, .serialized) struct NotificationQueueTests {
    /// Four of the queue's 8,192 megabytes: other tests share it, and must go on being notified.
    private static let small = "UPDATE countersign.notification_queue SET pause_from = 0.0004"
    private static let isPaused = "SELECT is_paused::integer FROM countersign.notification_queue"

    /// A portal's own login: it has lifted its limit, listens, and idles.
    private func hold(_ site: Site) async throws -> Connection {
        var idler = try await site.portal()
        try await idler.execute("LISTEN flood")
        try await idler.execute("BEGIN")
        return idler
    }

    @Test func `nobody is notified while it fills up, and all are when it has emptied`() async throws {
        let (hostile, site) = (try await Site.make("hostile"), try await Site.make())
        try await Database.current.arrange(Self.small)
        var portal = try await site.portal()
        let channel = try await portal.execute("SELECT countersign.portal_channel()")[0].text(0)
        try await portal.listen(to: [channel])
        try await withWorker(stages: [.issue, .housekeep]) { _ in
            var idler = try await hold(hostile)
            var flooder = try await hostile.portal()
            try await flooder.execute(
                "SELECT pg_notify('flood', rpad(n::text, 7990, '.')) FROM generate_series(1, 700) n")
            try await Database.current.wait(until: Self.isPaused, is: 1)
            let unheard = try await portal.request()
            _ = try await portal.code(unheard)

            try await idler.execute("ROLLBACK")
            // What it was told comes with this answer, and with it the queue's end moves on.
            try await Database.current.wait(until: Self.isPaused, is: 0)
            let heard = try await portal.request()
            let said = try await portal.notifications(until: .now + .seconds(30)).map(\.payload)
            #expect(said == ["issued \(heard)"])
        }
    }

    @Test func `the queue is asked by the worker that keeps house alone`() async throws {
        let site = try await Site.make()
        try await withWorker(stages: [.housekeep]) { _ in
            let fresh = "SELECT (measured_at > 'epoch')::integer FROM countersign.notification_queue"
            try await Database.current.wait(until: fresh, is: 1)
        }
        try await Database.current.arrangeAsSuperuser(
            """
            REVOKE EXECUTE ON FUNCTION pg_notification_queue_usage() FROM PUBLIC;
            UPDATE countersign.notification_queue SET measured_at = clock_timestamp() + interval '1 hour'
            """)
        try await withWorker(stages: [.issue, .validate, .enroll, .expire]) { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let (transaction, code) = try await portal.issued()
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
            #expect(try await portal.status(transaction) == "authenticated")
        }
        #expect(
            try await Database.current.count(
                "SELECT value::integer FROM countersign.operating_figures() WHERE name = 'notifications_paused'"
            )
                == 0)
    }

    @Test func `where nobody keeps house it is asked before each notification`() async throws {
        let site = try await Site.make("hostile")
        let mayNotify = "SELECT countersign.may_notify()::integer"
        #expect(try await Database.current.count(mayNotify) == 1)
        try await Database.current.arrange(Self.small)
        var idler = try await hold(site)
        try await Database.current.arrange(
            "SELECT pg_notify('flood', rpad(n::text, 7990, '.')) FROM generate_series(1, 700) n")
        #expect(try await Database.current.count(mayNotify) == 0)
        try await idler.execute("ROLLBACK")
    }
}
