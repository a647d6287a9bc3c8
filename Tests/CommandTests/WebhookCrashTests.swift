import Countersign
import Foundation
import Postgres
import Support
import Synchronization
import Testing

/// SIGKILL of `countersign work` at every stage of a delivery: nothing is lost, and what comes twice has the same id.
@Suite(.database) struct WebhookCrashTests {
    private let key = MasterKeyText.make()

    private func arrange(_ url: String, count: Int) async throws -> (Shell, [Identifier]) {
        var owner = Shell.owner()
        owner.environment["COUNTERSIGN_MASTER_KEY"] = key.text
        try await owner.succeed(
            "portal", "add", "acme", "--role", Database.current.unique("acme"), "--no-password")
        try await owner.succeed("type", "add", "qr-code", "--message", "en=Sign in")
        try await owner.succeed("callback", "add", "acme", url)
        var connection = try await Database.current.connect()
        let made = try await connection.execute(
            """
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
            SELECT portal_id, 'qr-code', url FROM countersign.callback_urls, generate_series(1, \(count))
            RETURNING transaction_id
            """)
        let ids = try made.compactMap { Identifier(try $0.text(0)) }
        try await connection.run(
            Statement(
                "end",
                "SELECT countersign.end_requests($1, array_fill('cancelled'::text, ARRAY[cardinality($1)]))"),
            [.identifiers(ids)])
        return (try await Shell.member(of: .worker, key: key), ids)
    }

    private func start(_ shell: Shell) throws -> RunningProgram {
        try shell.start([
            "work", "--stages", "dispatch", "--allow-http", "127.0.0.0/8", "--allow-ports", "1-65535",
        ])
    }

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
        let worker = try start(shell)
        try await eventually("the rest is delivered", timeout: .seconds(60)) {
            try await count("SELECT count(*) FROM countersign.webhook_deliveries WHERE status = 'delivered'")
                == ids.count
        }
        worker.terminate()
        #expect(try await worker.outcome(timeout: .seconds(30)).status == 0)
        #expect(try await count("SELECT count(*) FROM countersign.dispatch_queue") == 0)
    }

    @Test func `nothing is lost before sending`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            try await Receiver.run(isMute: true) { _, _ in
                .silence
            } _: { mute in
                let (shell, ids) = try await arrange("https://127.0.0.1:\(mute.port)/", count: 1)
                let worker = try start(shell)
                try await eventually("it connects", timeout: .seconds(30)) { mute.connections > 0 }
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
            let (shell, ids) = try await arrange(receiver.address, count: 1)
            let worker = try start(shell)
            await receiver.wait(for: 1)
            worker.kill()
            #expect(try await worker.outcome().status == SIGKILL)
            isBack.withLock { $0 = true }
            try await deliverTheRest(shell, ids)
            #expect(receiver.received.map { $0.header("webhook-id") } == ["\(ids[0])", "\(ids[0])"])
        }
    }

    /// The answer has been sent and cannot be written down, because somebody has locked the table of attempts.
    @Test func `nothing is lost before the answer is written`() async throws {
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let (shell, ids) = try await arrange(receiver.address, count: 1)
            var blocker = try await Database.current.connect()
            try await blocker.execute("BEGIN; LOCK TABLE countersign.webhook_attempts IN SHARE MODE")
            let worker = try start(shell)
            await receiver.wait(for: 1)
            try await eventually("it waits to write", timeout: .seconds(30)) {
                try await count(Self.sessions + " AND wait_event_type = 'Lock'") == 1
            }
            worker.kill()
            #expect(try await worker.outcome().status == SIGKILL)
            // Its session waits for the lock still; it must not find it free and write for the dead.
            var superuser = try await Database.current.connectAsSuperuser()
            try await superuser.execute("SELECT pg_terminate_backend(pid) FROM (\(Self.sessionIDs)) AS s")
            try await eventually("its session is gone", timeout: .seconds(30)) {
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
            let (shell, ids) = try await arrange(receiver.address, count: 3_000)
            var kills = 0
            while kills < 5, receiver.received.count < ids.count {
                let before = receiver.received.count
                let worker = try start(shell)
                try await eventually("it sends", timeout: .seconds(30)) { receiver.received.count > before }
                worker.kill()
                #expect(try await worker.outcome().status == SIGKILL)
                kills += 1
                try await letLeasesRunOut()
            }
            try await deliverTheRest(shell, ids)
            let seen = receiver.received.map { $0.header("webhook-id") ?? "" }
            #expect(Set(seen) == Set(ids.map { "\($0)" }))
            // At most those in flight to one endpoint, and those in a batch, come twice with each kill.
            #expect(seen.count - ids.count <= kills * 16, "\(seen.count)")
        }
    }
}
