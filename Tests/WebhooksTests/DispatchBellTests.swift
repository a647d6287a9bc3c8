import Countersign
import Engine
import Postgres
import Support
import Testing
import Webhooks

/// A request that ends while the worker is awake rings nobody, as the worker will look once more. It may commit after that
/// look.
@Suite(.database) struct DispatchBellTests {
    private let site = WebhookSite()

    /// It keeps one of the bell's locks until then, so that the worker knows of it.
    @Test func `a webhook whose request ends just as the worker falls asleep does not wait for the poll`()
        async throws
    {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let portal = try await site.addPortal()
            try await site.addCallback(receiver.address, of: portal)
            var ending = try await Database.current.connectAsSuperuser()
            try await ending.execute("BEGIN")
            try await site.end(at: receiver.address, of: portal, in: &ending)
            try await site.dispatching(poll: .seconds(600)) { _ in
                // Asleep: it has the seat, and all locks but that one.
                try await Database.current.wait(
                    until: """
                        SELECT count(*) FROM pg_locks
                        WHERE locktype = 'advisory' AND classid = countersign.bell_key('dispatch')::oid
                          AND mode = 'ExclusiveLock' AND granted
                          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        """, is: 16)
                try await ending.execute("COMMIT")
                try await receiver.wait(for: 1)
            }
        }
    }
}
