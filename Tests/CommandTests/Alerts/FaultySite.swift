import Countersign
import Postgres
import Support
import Testing

/// An installation with six portals, a gateway and two workers, one of which only expires and keeps house; and what can
/// go wrong with it, for real.
final class FaultySite {
    /// What fires when all that `breakWhatCanBreakAtOnce` breaks is broken, and nothing else.
    static let alerts: Set<String> = [
        "CountersignBreakerOpen",
        "CountersignClientsRefused",
        "CountersignConnectionsFull gateway",
        "CountersignDefaultPartition events",
        "CountersignErrors 42 validate",
        "CountersignNotificationQueue",
        "CountersignPartitionsOutlived submissions",
        "CountersignPartitionsRunOut submissions",
        "CountersignPortalOverLimit",
        "CountersignPortalPaused",
        "CountersignQueueStalled enroll",  // the paused stage's
        "CountersignQueueStalled issue",  // the slow one's
        "CountersignSlowCodes",
        "CountersignStagePaused enroll",
        "CountersignStageWithoutWorker expire",
        "CountersignStageWithoutWorker housekeep",
        "CountersignTransactionHeld",
        "CountersignWebhooksDead",
        "CountersignWebhooksFail",
        "CountersignWebhooksLate dispatch",
    ]

    static let alertsOfALostDatabase: Set<String> = [
        "CountersignDatabaseUnreachable countersign", "CountersignGatewayFails",
        "CountersignListenerLost gateway", "CountersignListenerLost worker",
    ]

    let most: ScrapedProgram
    let house: ScrapedProgram
    let gateway: ScrapedProgram
    private let gatewayPort: Int
    private let shell: Shell
    private let app: TestLogin
    private let receiverPort: Int
    /// Whether the receiver answers 204; else 500, and on /hang nothing.
    private let setReceiver: (Bool) -> Void
    /// Two forgetful sessions.
    private var reader: Connection?
    private var listener: Connection?
    private var guesser: GatewayClients?
    private var crowd: GatewayClients?

    private init(
        _ shell: Shell, _ app: TestLogin, _ workers: (ScrapedProgram, ScrapedProgram),
        _ gateway: (ScrapedProgram, port: Int), port: Int, _ setReceiver: @escaping (Bool) -> Void
    ) {
        (self.shell, self.app, most, house) = (shell, app, workers.0, workers.1)
        (self.gateway, gatewayPort) = gateway
        (receiverPort, self.setReceiver) = (port, setReceiver)
    }

    var programs: [ScrapedProgram] { [most, house, gateway] }
    var ports: [Int] { programs.map(\.port) }

    static func make(port: Int, setReceiver: @escaping (Bool) -> Void) async throws -> FaultySite {
        let key = MasterKeyText.make()
        let shell = Shell.owner().with("COUNTERSIGN_MASTER_KEY", key.text)
        try await shell.succeed("type", "add", "qr-code", "--message", "en=Sign in", "--expires-in", "600")
        let portals = [
            ("acme", "/"), ("hanging", "/hang"), ("full", "/"), ("still", "/"), ("down", "/"),
            ("gone", "/gone"),
        ]
        for (portal, path) in portals {
            let role = Database.current.unique(portal)
            try await shell.succeed("portal", "add", portal, "--role", role, "--no-password")
            try await shell.succeed("callback", "add", portal, "http://127.0.0.1:\(port)\(path)")
        }
        let app = try await Database.current.makeLogin("mobile")
        try await shell.succeed("app", "add", "mobile", "--role", app.name)
        // Figures come from a login that may see how old the snapshots of others are.
        let monitor = try await Database.current.makeLogin("monitor", in: .monitor)
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("GRANT pg_read_all_stats TO \(monitor.name)")
        func member(of group: TestLogin.Group) async throws -> Shell {
            try await Shell.member(of: group, key: key)
                .with("COUNTERSIGN_OPERATIONS_DATABASE_URL", Database.current.url(login: monitor))
        }
        let worker = try await member(of: .worker)
        let most = try await ScrapedProgram.worker(worker, stages: "enroll,issue,validate,dispatch")
        let house = try await ScrapedProgram.worker(worker, stages: "expire,housekeep")
        let gateway = try await ScrapedProgram.start(
            member(of: .gateway),
            [
                "serve", "--listen", "127.0.0.1:0", "--max-connections", "\(places)",
                "--max-connections-per-address", "\(places)",
            ])
        return FaultySite(
            shell, app, (most, house), (gateway, try await gateway.servedPort()), port: port, setReceiver)
    }

    /// Clients that the gateway lets in at once.
    private static let places = 40

    private func arrange(_ sql: String) async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(sql)
    }

    private func insertion(_ count: Int, of portal: String) -> String {
        """
        INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
        SELECT p.portal_id, 'qr-code', c.url FROM countersign.portals p
        JOIN countersign.callback_urls c USING (portal_id), generate_series(1, \(count)) WHERE p.name = '\(portal)'
        RETURNING portal_id, transaction_id
        """
    }

    private func cancellation(of portal: String) -> String {
        """
        SELECT countersign.end_requests(array_agg(r.transaction_id), array_agg('cancelled'::text))
        FROM countersign.auth_requests r JOIN countersign.portals p USING (portal_id) WHERE p.name = '\(portal)'
        """
    }

    /// A few requests that end, and whose webhooks arrive.
    func signIn() async throws {
        try await arrange(insertion(5, of: "acme"))
        var owner = try await Database.current.connect()
        try await eventually("codes are issued") {
            try await owner.execute("SELECT NOT EXISTS (SELECT FROM countersign.issue_queue)")[0].bool(0)
        }
        try await arrange(cancellation(of: "acme"))
        try await eventually("webhooks are delivered") {
            try await owner.execute(
                "SELECT count(*) FROM countersign.webhook_deliveries WHERE status = 'delivered'")[0].int(0)
                == 5
        }
    }
}

extension FaultySite {
    func breakWhatCanBreakAtOnce() async throws {
        try await shell.succeed("stage", "pause", "enroll")
        try await shell.succeed("portal", "pause", "still")
        try await most.waitUntilItSays(/stage controls changed .*paused=enroll/)
        var phone = try await Database.current.connect(as: app)
        try await phone.execute(
            "INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ('alice', 'phone', 'none')"
        )
        try await fillAPortal()
        try await letReceiversFail()
        try await letWebhooksDie()
        guesser = .guessing(at: gatewayPort)
        crowd = try await .crowd(of: Self.places - 2, at: gatewayPort)
        try await leaveSessionsIdle()
        try await slowTheDiskDown()
        // The workers' role loses a right.
        try await arrange("REVOKE SELECT ON countersign.validate_queue FROM countersign_worker")
        try await stopHousekeeping()
    }

    func mend() async throws {
        setReceiver(true)
        guesser = nil
        crowd = nil
        try await shell.succeed("callback", "add", "gone", "http://127.0.0.1:\(receiverPort)/gone")
        try await shell.succeed("webhook", "replay", "--portal", "gone", "--since", "1h")
        try await shell.succeed("stage", "resume", "enroll")
        try await shell.succeed("portal", "resume", "still")
        try await shell.succeed("portal", "limit", "full", "1000")
        try await arrange("GRANT SELECT ON countersign.validate_queue TO countersign_worker")
        try await arrange("DROP FUNCTION countersign.slow_disk() CASCADE")
        try await shell.succeed("stage", "batch-size", "issue", "default")
        try await reader?.execute("COMMIT")
        listener = nil
        _ = try await shell.run("doctor", "--mend")
        try await house.startAgain()
    }

    private func fillAPortal() async throws {
        try await shell.succeed("portal", "limit", "full", "3")
        try await arrange(insertion(3, of: "full"))
        var owner = try await Database.current.connect()
        try await eventually("the portal is refused") {
            let sql = "SELECT over_limit FROM countersign.portals WHERE name = 'full'"
            return try await owner.execute(sql)[0].bool(0)
        }
    }

    /// Two deliveries a second are answered with 500, each by a receiver of its own, so that no breaker opens; and one
    /// receiver lets its only connection hang until the time is over, while others of the same portal wait for it.
    private func letReceiversFail() async throws {
        setReceiver(false)
        try await shell.succeed("webhook", "limit", "hanging", "--concurrency", "1")
        try await arrange(insertion(15, of: "hanging"))
        try await arrange(cancellation(of: "hanging"))
        try await arrange(
            """
            INSERT INTO countersign.callback_urls (portal_id, url)
            SELECT portal_id, 'http://127.0.' || n / 200 || '.' || 2 + n % 200 || ':\(receiverPort)/'
            FROM countersign.portals, generate_series(1, 400) n WHERE name = 'acme';
            BEGIN;
            \(insertion(1, of: "acme"));
            \(cancellation(of: "acme"));
            UPDATE countersign.dispatch_queue q SET due_at = clock_timestamp() + 0.5 * n * interval '1 s'
            FROM (SELECT transaction_id, row_number() OVER () AS n FROM countersign.dispatch_queue
                  JOIN countersign.portals USING (portal_id) WHERE name = 'acme') AS x
            WHERE x.transaction_id = q.transaction_id;
            COMMIT
            """)
    }

    /// One receiver fails until its breaker opens. Another's address is no longer one of its portal's.
    private func letWebhooksDie() async throws {
        for portal in ["down", "gone"] { try await arrange(insertion(20, of: portal)) }
        try await shell.succeed("callback", "remove", "gone", "http://127.0.0.1:\(receiverPort)/gone")
        for portal in ["down", "gone"] { try await arrange(cancellation(of: portal)) }
    }

    private func leaveSessionsIdle() async throws {
        var reading = try await Database.current.connect()
        try await reading.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM countersign.settings")
        reader = consume reading
        var listening = try await Database.current.connect()
        try await listening.execute("LISTEN alerts")
        try await listening.execute("BEGIN")
        listener = consume listening
        try await arrange(
            """
            DO $$ BEGIN
                FOR n IN 1 .. 20000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP;
            END $$
            """)
        // 4.8 MB of the 8 GB that the server has for them; other tests share it, and go on notifying.
        try await arrange(
            """
            UPDATE countersign.notification_queue SET pause_from = 0.0005;
            SELECT pg_notify('alerts', rpad(n::text, 7990, '.')) FROM generate_series(1, 600) n
            """)
        try await Database.current.wait(
            until: "SELECT is_paused::integer FROM countersign.notification_queue", is: 1)
    }

    /// Each code takes that long to store.
    private func slowDisk(seconds: Double) -> String {
        """
        CREATE FUNCTION countersign.slow_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_sleep(\(seconds));
            RETURN NEW;
        END $$;
        CREATE TRIGGER slow_disk BEFORE INSERT ON countersign.otp_secrets
            FOR EACH ROW EXECUTE FUNCTION countersign.slow_disk()
        """
    }

    /// 50 ms a code, and more than two minutes of work.
    private func slowTheDiskDown() async throws {
        try await shell.succeed("stage", "batch-size", "issue", "5")
        try await arrange(
            """
            \(slowDisk(seconds: 0.05));
            \(insertion(4_000, of: "hanging"))
            """)
    }

    /// The day after tomorrow has no partition, one of last week is to be kept no longer, and an event of next month came to the
    /// default partition.
    private func stopHousekeeping() async throws {
        try await house.kill()
        try await arrange(
            """
            DO $$ BEGIN EXECUTE 'DROP TABLE countersign.submissions_'
                || to_char((clock_timestamp() AT TIME ZONE 'UTC')::date + 2, 'YYYYMMDD'); END $$;
            UPDATE countersign.partitioned_tables SET retention_days = 1 WHERE table_name = 'submissions';
            SELECT countersign.create_partition('submissions', current_date - 6);
            INSERT INTO countersign.events (event_id, type)
            VALUES (countersign.uuid_floor(clock_timestamp() + interval '30 days'), 'test')
            """)
    }
}

extension FaultySite {
    /// One code takes longer than a statement may.
    func letBatchesTimeOut() async throws {
        try await arrange(
            """
            \(slowDisk(seconds: 60));
            \(insertion(1, of: "acme"))
            """)
    }

    func letBatchesPass() async throws { try await arrange("DROP FUNCTION countersign.slow_disk() CASCADE") }

    func loseHistory() async throws { try await arrange("SELECT countersign.begin_epoch('a restore')") }

    func lookAfterHistory() async throws { try await shell.succeed("restored") }

    /// While somebody asks the gateway.
    func refuseConnections(_ superuser: inout Connection) async throws {
        let name = Database.current.name
        guesser = .guessing(at: gatewayPort)
        try await superuser.execute("ALTER DATABASE \(name) CONNECTION LIMIT 0")
        try await superuser.execute(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = '\(name)' AND pid <> pg_backend_pid()
            """)
    }

    func allowConnections(_ superuser: inout Connection) async throws {
        guesser = nil
        try await superuser.execute("ALTER DATABASE \(Database.current.name) CONNECTION LIMIT -1")
    }
}
