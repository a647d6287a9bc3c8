import Administration
import Countersign
import Operations
import Postgres
import Support
import Testing

/// What the doctor prints mends what it has found, pasted as it is.
@Suite(.database) struct DoctorRemedyTests {
    /// What other tests on the server change, or what is so in every test.
    private static let others: Set = [
        "installations", "workers", "snapshots", "notifications", "rights on the server", "clock", "figures",
    ]

    private static let available =
        "current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer"

    private func faults() async throws -> Set<Finding> {
        var connection = try await Connection.open(Database.current.superuserOptions)
        let findings = try await Doctor(sealer: .ofTests).examine(&connection)
        // Logins of other tests are in the same groups.
        return Set(
            findings.filter {
                $0.grade != .ok && !Self.others.contains($0.check)
                    && (!$0.finding.hasPrefix("login ")
                        || $0.finding.contains(Database.current.installationName))
            })
    }

    private func paste(_ text: String, by hands: Remedy.Hands) async throws {
        let url = hands == .owner ? Database.current.ownerURL : Database.current.superuserURL
        try await typeIntoPSQL(text, url, environment: ["PGOPTIONS": "-c client_min_messages=warning"])
    }

    private func expectMended(_ injection: String, _ sentences: [String]) async throws {
        _ = try await handsToMend(injection, sentences)
    }

    /// Injects as a superuser, expects those findings alone, pastes their remedies, and expects none. Returns whose hands
    /// it took.
    private func handsToMend(_ injection: String, _ sentences: [String]) async throws -> Set<Remedy.Hands> {
        let before = try await faults()
        try await Database.current.arrangeAsSuperuser(injection)
        let found = try await faults().subtracting(before)
        #expect(Set(found.map(\.finding)) == Set(sentences))
        // A function before its rights, as the doctor lists them.
        for remedy in found.sorted(by: { $0.finding < $1.finding }).map(\.remedy) {
            let remedy = try #require(remedy)
            try await paste(remedy.text, by: remedy.hands)
        }
        #expect(try await faults() == before)
        return Set(found.compactMap(\.remedy?.hands))
    }

    @Test(
        arguments: [
            (
                "DROP INDEX countersign.enrollments_pending",
                ["index enrollments.enrollments_pending is missing"]
            ),
            (
                "DROP INDEX countersign.auth_requests_open_scan",
                ["index auth_requests.auth_requests_open_scan is missing"]
            ),
            (
                "REVOKE INSERT (auth_type) ON countersign.auth_requests FROM countersign_portal",
                ["grant auth_requests.auth_type to countersign_portal was changed"]
            ),
            (
                "REVOKE EXECUTE ON FUNCTION countersign.collect_otp(uuid) FROM countersign_portal",
                ["grant collect_otp(transaction_id uuid) to countersign_portal is missing"]
            ),
            (
                "GRANT SELECT ON countersign.otp_secrets TO countersign_monitor",
                ["grant otp_secrets to countersign_monitor is not ours"]
            ),
            (
                "ALTER FUNCTION countersign.collect_otp(uuid) SECURITY INVOKER",
                ["function collect_otp(transaction_id uuid) was changed"]
            ),
            (
                "DROP FUNCTION countersign.collect_otp(uuid)",
                [
                    "function collect_otp(transaction_id uuid) is missing",
                    "grant collect_otp(transaction_id uuid) to countersign_gateway is missing",
                    "grant collect_otp(transaction_id uuid) to countersign_portal is missing",
                ]
            ),
            (
                "ALTER TABLE countersign.auth_requests DISABLE ROW LEVEL SECURITY",
                ["security auth_requests is missing"]
            ),
            (
                "ALTER TABLE countersign.auth_requests DISABLE TRIGGER ALL",
                [
                    "trigger auth_requests.check_auth_request was changed",
                    "trigger auth_requests.refuse_deep_savepoints was changed",
                ]
            ),
            (
                "DROP TRIGGER take_submission ON countersign.submissions",
                ["trigger submissions.take_submission is missing"]
            ),
            (
                "DROP POLICY portal_reads ON countersign.auth_requests",
                ["policy auth_requests.portal_reads is missing"]
            ),
            (
                "ALTER TABLE countersign.settings DROP CONSTRAINT settings_only_row",
                ["constraint settings.settings_only_row is missing"]
            ),
            (
                "ALTER TABLE countersign.issue_queue SET (autovacuum_enabled = false)",
                ["countersign.issue_queue has autovacuum switched off"]
            ),
            (
                "ALTER TABLE countersign.issue_queue RESET (autovacuum_vacuum_threshold)",
                ["option issue_queue.autovacuum_vacuum_threshold is missing"]
            ),
            (
                "DROP VIEW countersign.enrollment_results", ["relation enrollment_results is missing"]
            ),
            (
                "ALTER TABLE countersign.portals ALTER COLUMN paused SET DEFAULT true, ALTER COLUMN paused DROP NOT NULL",
                ["column portals.paused was changed"]
            ),
            (
                "ALTER TABLE countersign.workers ALTER COLUMN host TYPE varchar(99) COLLATE \"default\"",
                ["column workers.host was changed"]
            ),
            (
                "ALTER TABLE countersign.workers DROP COLUMN host", ["column workers.host is missing"]
            ),
            (
                "ALTER TABLE countersign.operator_sessions DROP CONSTRAINT operator_sessions_pkey",
                ["constraint operator_sessions.operator_sessions_pkey is missing"]
            ),
            (
                "GRANT SELECT ON countersign.portals, countersign.apps TO PUBLIC",
                ["PUBLIC has select on 2 objects: countersign.apps, countersign.portals"]
            ),
            ("GRANT SELECT ON countersign.portals TO PUBLIC", ["PUBLIC has select on countersign.portals"]),
            ("GRANT ALL ON SCHEMA countersign TO PUBLIC", ["PUBLIC has create, usage on the schema"]),
            ("GRANT CREATE ON SCHEMA public TO PUBLIC", ["PUBLIC may create in the schema public"]),
            (
                "UPDATE countersign.schema_migrations SET checksum = 'x' WHERE version = 1",
                ["0001_schema.sql is not the file that was applied"]
            ),
            (
                """
                UPDATE countersign.partitioned_tables SET retention_days = 1 WHERE table_name = 'submissions';
                SELECT countersign.create_partition('submissions', current_date - 6)
                """, ["1 partition has outlived its retention: submissions_<day>"]
            ),
        ] as [(String, [String])])
    func `a fault of the schema`(injection: String, sentences: [String]) async throws {
        var connection = try await Database.current.connect()
        let day = try await connection.execute("SELECT to_char(current_date - 6, 'YYYYMMDD')")[0].text(0)
        try await expectMended(injection, sentences.map { $0.replacing("<day>", with: day) })
    }

    @Test func `tables of others, and what is not the owner's`() async throws {
        let before = try await faults()
        try await Database.current.arrange(
            """
            CREATE TABLE countersign.notes (t text, u text UNIQUE);
            INSERT INTO countersign.notes VALUES ('kept');
            CREATE FUNCTION countersign.mine(a int) RETURNS int LANGUAGE sql RETURN a
            """)
        let foreign = try await faults().subtracting(before)
        #expect(
            Set(foreign.map(\.finding)) == [
                "relation notes is not ours", "function mine(a integer) is not ours",
            ])
        for remedy in foreign.compactMap(\.remedy) {
            #expect(!remedy.isSafe)
            try await paste(remedy.text, by: .owner)
        }
        #expect(try await faults() == before)
        #expect(try await Database.current.count("SELECT count(*) FROM countersign_aside.notes") == 1)
        var superuser = try await Database.current.connectAsSuperuser()
        let name = try await superuser.execute("SELECT current_user")[0].text(0)
        try await expectMended(
            """
            ALTER FUNCTION countersign.collect_otp(uuid) OWNER TO CURRENT_USER;
            ALTER TABLE countersign.portals OWNER TO CURRENT_USER
            """,
            [
                "2 objects belong to \(name): FUNCTION countersign.collect_otp(uuid), TABLE countersign.portals"
            ])
    }

    @Test func `rights and settings of the database`() async throws {
        let name = Database.current.name
        try await expectMended(
            "GRANT CONNECT, TEMP ON DATABASE \(name) TO PUBLIC",
            ["PUBLIC has connect, temporary on the database"])
        try await expectMended(
            "ALTER DATABASE \(name) SET default_transaction_isolation = 'serializable'",
            ["the database has default_transaction_isolation = serializable"])
        try await expectMended(
            "ALTER DATABASE \(name) SET default_transaction_read_only = on",
            [
                "read-only: sessions may not write", "the database has default_transaction_read_only = on",
            ])
        // As pg_restore leaves it without --create.
        try await expectMended(
            "UPDATE pg_database SET datacl = NULL WHERE datname = '\(name)'",
            ["PUBLIC has connect, temporary on the database"])
        try await expectMended(
            "REVOKE CONNECT ON DATABASE \(name) FROM countersign_portal",
            ["the group countersign_portal may not connect"])
    }

    @Test func `logins that may too much, and one that is gone`() async throws {
        let site = try await Site.make()
        let (acme, app) = (site.portalLogin.name, site.appLogin.name)
        try await Database.current.arrangeAsSuperuser(
            "ALTER ROLE \"\(acme)\" CONNECTION LIMIT 5; ALTER ROLE \"\(app)\" CONNECTION LIMIT 5")
        for attribute in ["SUPERUSER", "BYPASSRLS", "CREATEROLE", "CREATEDB", "REPLICATION"] {
            try await expectMended(
                "ALTER ROLE \"\(acme)\" \(attribute)", ["login \(acme) of portal acme has \(attribute)"])
        }
        for group in ["countersign_worker", "countersign_app", "pg_read_all_data"] {
            try await expectMended(
                "GRANT \(group) TO \"\(acme)\"", ["login \(acme) of a portal or an app is also in \(group)"])
        }
        try await expectMended(
            "REVOKE countersign_app FROM \"\(app)\"",
            ["login \(app) of app acme-app is not in countersign_app"])
        try await expectMended("DROP ROLE \"\(acme)\"", ["portal acme has no login \(acme)"])
        let worker = try await Database.current.makeLogin("both", in: .worker)
        try await expectMended(
            "GRANT countersign_admin TO \"\(worker.name)\"",
            ["login \(worker.name) is in countersign_worker, and in countersign_admin, too"])
        let all = try await Database.current.count("SELECT \(Self.available)")
        try await expectMended(
            "ALTER ROLE \"\(acme)\" CONNECTION LIMIT \(all); ALTER ROLE \"\(app)\" CONNECTION LIMIT 1",
            [
                "the logins of portals and apps may open \(all + 1) connections, and the server has \(all) for all"
            ])
    }

    /// From PostgreSQL 16 on the owner administers what it has created, and nothing else.
    @Test func `logins that the owner has made are in its hands, and a superuser's in his`() async throws {
        let (acme, mine) = (Database.current.unique("acme"), Database.current.unique("mine"))
        var superuser = try await Database.current.connectAsSuperuser()
        let theirs: Remedy.Hands = superuser.serverVersion >= 160_000 ? .superuser : .owner
        try await superuser.execute(
            """
            CREATE ROLE \(acme) LOGIN CONNECTION LIMIT 5 IN ROLE countersign_portal;
            SELECT countersign.create_login('\(mine)', 'countersign_portal', NULL, 5);
            INSERT INTO countersign.portals (login, name, display_name, signing_secret)
            VALUES ('\(mine)', 'mine', 'Mine', ''), ('\(acme)', 'acme', 'Acme', '')
            """)
        for (login, hands) in [(acme, theirs), (mine, .owner)] {
            #expect(
                try await handsToMend(
                    "ALTER ROLE \"\(login)\" SET default_transaction_isolation = 'serializable'",
                    ["login \(login) has default_transaction_isolation = serializable"]) == [hands])
        }
        let tooMuch = "login \(mine) of a portal or an app is also in countersign_worker"
        let grant = "GRANT countersign_worker TO \"\(mine)\""
        #expect(try await handsToMend(grant, [tooMuch]) == [theirs])
        let owner = try await superuser.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()")[0].text(0)
        #expect(try await handsToMend("SET ROLE \(owner); \(grant)", [tooMuch]) == [.owner])
        let available = try await Database.current.count("SELECT \(Self.available)")
        let limit = "ALTER ROLE \(mine) CONNECTION LIMIT"
        for (injection, allowed, hands) in [
            ("\(limit) \(available)", available + 5, theirs),
            (
                "DELETE FROM countersign.portals WHERE name = 'acme'; \(limit) \(available + 1)",
                available + 1, .owner
            ),
        ] {
            let tooMany = "the logins of portals and apps may open \(allowed) connections"
            #expect(
                try await handsToMend(injection, ["\(tooMany), and the server has \(available) for all"])
                    == [hands])
        }
    }

    @Test func `a schema public of a superuser's`() async throws {
        #expect(
            try await handsToMend(
                "ALTER SCHEMA public OWNER TO CURRENT_USER; GRANT CREATE ON SCHEMA public TO PUBLIC",
                ["PUBLIC may create in the schema public"]) == [.superuser])
    }

    @Test func `partitions that are missing, and rows that found none`() async throws {
        _ = try await ConsolePortal.make()
        try await expectMended(
            """
            DO $$ DECLARE part text; BEGIN
                FOR part IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'countersign'::regnamespace
                    AND relname ~ '^auth_requests_2' AND relkind = 'r'
                    AND right(relname, 8) > to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD')
                LOOP EXECUTE 'DROP TABLE ' || part; END LOOP; END $$
            """, ["0 days ahead"])
        try await expectMended(
            """
            DO $$ BEGIN EXECUTE 'DROP TABLE countersign.auth_requests_'
                || to_char((clock_timestamp() AT TIME ZONE 'UTC')::date, 'YYYYMMDD'); END $$;
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
            SELECT portal_id, 'qr-code', 'http://127.0.0.1:9/cb' FROM countersign.portals, generate_series(1, 3)
            """, ["hold rows: auth_requests (3)", "-1 days ahead"])
    }

    /// It was offered to be dropped, with its rows.
    @Test func `a partition that was detached is taken back with its rows and what came since`() async throws
    {
        let insert = """
            INSERT INTO countersign.webhook_attempts (transaction_id, started_at, attempt, duration_ms)
            SELECT countersign.uuid_v7(), now(), 1, 5 FROM generate_series(1, 3)
            """
        var connection = try await Database.current.connect()
        let day = try await connection.execute(
            "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD')")[0].text(0)
        try await Database.current.arrange(insert)
        try await expectMended(
            """
            ALTER TABLE countersign.webhook_attempts DETACH PARTITION countersign.webhook_attempts_\(day);
            \(insert)
            """,
            ["relation webhook_attempts_\(day) is not ours", "hold rows: webhook_attempts (3)"])
        #expect(
            try await Database.current.count("SELECT count(*) FROM countersign.webhook_attempts_\(day)") == 6)
    }

    /// Nothing of it is the server's.
    @Test func `a database that commits early is told once`() async throws {
        try await expectMended(
            "ALTER DATABASE \(Database.current.name) SET synchronous_commit = off",
            ["every login of this database: synchronous_commit is off"])
    }

    /// Each was 1 to 21 errors.
    @Test func `settings of the session are no drift`() async throws {
        let before = try await faults()
        let name = Database.current.name
        try await Database.current.arrangeAsSuperuser(
            """
            ALTER DATABASE \(name) SET search_path = countersign, public;
            ALTER DATABASE \(name) SET quote_all_identifiers = on;
            ALTER DATABASE \(name) SET standard_conforming_strings = off;
            ALTER DATABASE \(name) SET intervalstyle = 'iso_8601';
            ALTER DATABASE \(name) SET datestyle = 'German';
            ALTER DATABASE \(name) SET extra_float_digits = -3
            """)
        #expect(try await faults() == before)
        var connection = try await Connection.open(Database.current.superuserOptions)
        _ = try await Doctor(sealer: nil).examine(&connection)
        #expect(try await connection.execute("SHOW search_path")[0].text(0) == "countersign, public")
    }

    @Test func `groups that can log in, in an installation of its own`() async throws {
        let database = Database.current
        let installation = try Installation(named: database.installationName)
        var owner = try await database.connect()
        try await Installation.forgetFiles(&owner)
        try await Program.migrator(words: installation.words).up(&owner)
        #expect(try await faults().filter { $0.check == "drift" } == [])
        let portal = "\(installation.prefix)portal"
        try await expectMended(
            "ALTER ROLE \(portal) LOGIN", ["group \(portal) can log in or has privileges of its own"])
        try await expectMended(
            "REVOKE EXECUTE ON FUNCTION countersign.collect_otp(uuid) FROM \(portal)",
            ["grant collect_otp(transaction_id uuid) to countersign_portal is missing"])
        try await expectMended(
            "DROP POLICY portal_reads ON countersign.auth_requests",
            ["policy auth_requests.portal_reads is missing"])
    }

    @Test func `one finding is told once, and a stage without a worker is an error`() async throws {
        var connection = try await Connection.open(Database.current.superuserOptions)
        let findings = try await Doctor(sealer: nil).examine(&connection)
        #expect(Set(findings).count == findings.count)
        let idle = try #require(findings.first { $0.check == "workers" })
        #expect(idle.grade == .error && idle.remedy?.text == "countersign work")
        try await withWorker(stages: [.issue, .housekeep]) { _ in
            try await Database.current.wait(until: "SELECT count(*) FROM countersign.worker_stages", is: 2)
            let some = try await Doctor(sealer: nil).examine(&connection).first { $0.check == "workers" }
            #expect(some?.remedy?.text == "countersign work --stages dispatch,enroll,expire,validate")
        }
    }
}
