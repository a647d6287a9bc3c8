import Countersign
import Foundation
import Postgres
import Support
import Synchronization
import Testing

/// SIGKILL of `countersign work` at every stage of a delivery: nothing is lost, and what comes twice has the same id.
@Suite(.database) struct WebhookCrashTests {
    private let workers = WebhookWorkers()

    /// As superuser, who alone sees what sessions of others wait for.
    private func count(_ sql: String) async throws -> Int {
        var superuser = try await Database.current.connectAsSuperuser()
        return try await superuser.execute(sql)[0].int(0)
    }

    /// The half minute of the lease, without waiting for it.
    private func letLeasesRunOut() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(
            "UPDATE countersign.dispatch_queue SET due_at = clock_timestamp() WHERE leased")
    }

    private func deliverTheRest(_ shell: Shell, _ ids: [Identifier]) async throws {
        try await letLeasesRunOut()
        let worker = try workers.start(shell)
        try await eventually("the rest is delivered") {
            try await count("SELECT count(*) FROM countersign.webhook_deliveries WHERE status = 'delivered'")
                == ids.count
        }
        worker.terminate()
        #expect(try await worker.outcome().status == 0)
        #expect(try await count("SELECT count(*) FROM countersign.dispatch_queue") == 0)
    }

    @Test func `nothing is lost before sending`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            try await Receiver.run(isMute: true) { _, _ in
                .silence
            } _: { mute in
                let (shell, ids) = try await workers.arrange("https://127.0.0.1:\(mute.port)/", count: 1)
                let worker = try workers.start(shell)
                try await eventually("it connects") { mute.connections > 0 }
                worker.kill()
                #expect(try await worker.outcome().status == SIGKILL)
                #expect(try await count("SELECT count(*) FROM countersign.dispatch_queue WHERE leased") == 1)
                var owner = try await Database.current.connect()
                try await owner.execute(
                    """
                    UPDATE countersign.callback_urls SET url = '\(receiver.address)';
                    UPDATE countersign.dispatch_queue SET callback_uri = '\(receiver.address)'
                    """)
                try await deliverTheRest(shell, ids)
                #expect(receiver.received.map { $0.header("webhook-id") } == ["\(ids[0])"])
            }
        }
    }

    @Test func `nothing is lost while the receiver thinks`() async throws {
        let isBack = Mutex(false)
        try await Receiver.run { _, _ in
            isBack.withLock(\.self) ? .status(204) : .silence
        } _: { receiver in
            let (shell, ids) = try await workers.arrange(receiver.address, count: 1)
            let worker = try workers.start(shell)
            try await receiver.wait(for: 1)
            worker.kill()
            #expect(try await worker.outcome().status == SIGKILL)
            isBack.withLock { $0 = true }
            try await deliverTheRest(shell, ids)
            #expect(receiver.received.map { $0.header("webhook-id") } == ["\(ids[0])", "\(ids[0])"])
        }
    }

    /// The answer has been sent and cannot be written down, because somebody has locked the deliveries.
    @Test func `nothing is lost before the answer is written`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let (shell, ids) = try await workers.arrange(receiver.address, count: 1)
            var blocker = try await Database.current.connect()
            try await blocker.execute("BEGIN; LOCK TABLE countersign.webhook_deliveries IN SHARE MODE")
            let worker = try workers.start(shell)
            try await receiver.wait(for: 1)
            try await eventually("it waits to write") {
                try await count(Self.sessions + " AND wait_event_type = 'Lock'") > 0
            }
            worker.kill()
            #expect(try await worker.outcome().status == SIGKILL)
            // Its session waits for the lock still; it must not find it free and write for the dead.
            var superuser = try await Database.current.connectAsSuperuser()
            try await superuser.execute("SELECT pg_terminate_backend(pid) FROM (\(Self.sessionIDs)) AS s")
            try await eventually("its session is gone") {
                try await count(Self.sessions) == 0
            }
            try await blocker.execute("ROLLBACK")
            try await deliverTheRest(shell, ids)
            #expect(receiver.received.map { $0.header("webhook-id") } == ["\(ids[0])", "\(ids[0])"])
            #expect(try await count("SELECT count(*) FROM countersign.webhook_attempts") == 1)
        }
    }

    private static let sessionIDs =
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        + "AND application_name = 'countersign dispatch'"
    private static let sessions =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        + "AND application_name = 'countersign dispatch'"

    /// Killed again and again at whatever moment that is, with many in flight.
    @Test func `killed at any moment, it loses nothing`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let (shell, ids) = try await workers.arrange(receiver.address, count: 3_000)
            var kills = 0
            while kills < 5, receiver.received.count < ids.count {
                let before = receiver.received.count
                let worker = try workers.start(shell)
                try await eventually("it sends") { receiver.received.count > before }
                worker.kill()
                #expect(try await worker.outcome().status == SIGKILL)
                kills += 1
                try await letLeasesRunOut()
            }
            try await deliverTheRest(shell, ids)
            let seen = receiver.received.map { $0.header("webhook-id") ?? "" }
            #expect(Set(seen) == Set(ids.map { "\($0)" }))
            // At most those that are claimed of one endpoint come twice with each kill: 8 slots, eight more for each.
            #expect(seen.count - ids.count <= kills * 72, "\(seen.count)")
        }
    }
}
