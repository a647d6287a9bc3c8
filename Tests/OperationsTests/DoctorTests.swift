import Administration
import Countersign
import Operations
import Postgres
import Support
import Testing

@Suite(.database) struct DoctorTests {
    private func examine(as options: ConnectionOptions? = nil) async throws -> [Finding] {
        var connection = try await Connection.open(options ?? Database.current.superuserOptions)
        let sealer = Sealer(try MasterKeys(MasterKey.generate(id: 1)))
        return try await Doctor(sealer: sealer).examine(&connection)
    }

    private func arrange(_ sql: String) async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(sql)
    }

    @Test func `a new installation has no errors`() async throws {
        let findings = try await examine()
        // Nobody works here.
        #expect(
            findings.filter { $0.grade == .error && $0.check != "workers" } == [],
            "after a change of migrations/, run scripts/schema")
        #expect(findings.contains { $0.check == "drift" && $0.grade == .ok })
        #expect(findings.contains { $0.check == "master key" && $0.grade == .ok })
        #expect(findings.allSatisfy { $0.grade == .ok || !$0.advice.isEmpty })
    }

    /// Each by what somebody might do by hand.
    @Test(arguments: [
        ("ALTER TABLE countersign.portals ADD COLUMN note text", "column portals.note is not ours"),
        ("DROP INDEX countersign.issue_queue_broken", "index issue_queue.issue_queue_broken is missing"),
        (
            "ALTER TABLE countersign.enrollments DISABLE TRIGGER ring_bell",
            "trigger enrollments.ring_bell was changed"
        ),
        (
            "GRANT SELECT ON countersign.otp_secrets TO countersign_monitor",
            "grant otp_secrets to countersign_monitor is not ours"
        ),
        (
            "ALTER TABLE countersign.submissions DISABLE ROW LEVEL SECURITY",
            "security submissions is missing"
        ),
        (
            "DROP POLICY portal_reads ON countersign.auth_requests",
            "policy auth_requests.portal_reads is missing"
        ),
        (
            "ALTER FUNCTION countersign.collect_otp(uuid) RESET search_path",
            "function collect_otp(transaction_id uuid) was changed"
        ),
        (
            "ALTER TABLE countersign.settings DROP CONSTRAINT settings_only_row",
            "constraint settings.settings_only_row is missing"
        ),
    ])
    func `drift is found object by object`(change: String, sentence: String) async throws {
        try await arrange(change)
        let drift = try await examine().filter { $0.check == "drift" }
        #expect(drift.map(\.finding) == [sentence])
        #expect(drift.allSatisfy { $0.grade == .error })
        let source = SchemaSource(embeddedMigrations)
        for advice in drift.map(\.advice) where !advice.hasPrefix("Undo") {
            let command = try #require(advice.firstMatch(of: /`countersign migrate show (.+)`/))
            #expect(!source.find(String(command.1)).isEmpty, "\(advice)")
        }
    }

    @Test func `the schema of a newer program is one finding`() async throws {
        try await arrange(
            """
            ALTER TABLE countersign.portals ADD COLUMN later text, ADD COLUMN more text;
            UPDATE countersign.schema_migrations SET version = version + 1
            """)
        let drift = try await examine().filter { $0.check == "drift" }
        #expect(drift.map(\.grade) == [.warning])
        #expect(
            drift.map(\.finding) == [
                """
                the schema is at version \(Program.number + 1) and this program at \(Program.number), so objects \
                were not compared
                """
            ])
    }

    @Test func `every object of the schema can be shown by the name that is advised`() throws {
        let source = SchemaSource(embeddedMigrations)
        let relations = embeddedSchema.filter { $0.hasPrefix("relation ") }
        let missing = SchemaDifference.all(expected: relations, found: [])
        let all = SchemaDifference.all(expected: embeddedSchema, found: relations) + missing
        #expect(all.count > 900)
        let told = Set(all.map(\.object))
        let untold = embeddedSchema.filter { !told.contains(String($0.prefix { $0 != "\t" })) }
        // A default partition has what its table has, and a constraint its index.
        #expect(untold.filter { !$0.contains("_default") && !$0.hasPrefix("index ") } == [])
        let unknown = all.filter { difference in
            let command = difference.advice.firstMatch(of: /`countersign migrate show (.+)`/)
            return source.find(String(command?.1 ?? "")).isEmpty
        }
        // The migrator makes these two itself.
        #expect(unknown.filter { !$0.object.contains(" schema_") }.map(\.finding) == [])
    }

    @Test func `faults beside the schema`() async throws {
        try await arrange(
            """
            ALTER TABLE countersign.issue_queue SET (autovacuum_enabled = false);
            GRANT EXECUTE ON FUNCTION countersign.collect_otp(uuid) TO PUBLIC;
            INSERT INTO countersign.portals (login, name, display_name, signing_secret) VALUES ('gone', 'x', 'x', '');
            UPDATE countersign.portals SET paused = true, over_limit = true, max_open_requests = 7;
            UPDATE countersign.settings SET mobile_authentication_enabled = false;
            UPDATE countersign.stage_controls SET paused = true WHERE stage = 'issue'
            """)
        let both = try await Database.current.makeLogin("both", in: .portal, .worker)
        try await arrange(
            """
            INSERT INTO countersign.portals (login, name, display_name, signing_secret)
            VALUES ('\(both.name)', 'both', 'Both', '')
            """)
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'countersign.enrollments_pending'::regclass"
        )
        let found = try await examine().filter { $0.grade != .ok }.map { "\($0.check): \($0.finding)" }
        for wanted in [
            "autovacuum: countersign.issue_queue has autovacuum switched off",
            "rights of PUBLIC: PUBLIC has execute on countersign.collect_otp(uuid)",
            "roles: portal x has no login gone", "workers: stage issue is paused",
            "workers: portal x is paused, its requests wait",
            "workers: portal x has reached its limit of 7 open requests",
            "workers: mobile_authentication_enabled is off, so new requests are refused",
            "roles: login \(both.name) of a portal or an app is also in countersign_worker",
            "indexes: countersign.enrollments_pending is invalid, so it is kept up to date and never used",
        ] { #expect(found.contains(wanted), "\(wanted) in \(found)") }
    }

    /// What a server writes into its own log, where codes would be for years.
    @Test func `a server that logs parameters`() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        let database = try await superuser.execute("SELECT quote_ident(current_database())")[0].text(0)
        func findings() async throws -> [String] {
            try await examine().filter { $0.check == "statement log" && $0.grade != .ok }.map(\.finding)
        }
        #expect(try await findings() == [])
        try await superuser.execute("ALTER DATABASE \(database) SET log_min_duration_statement = '250ms'")
        let sentence =
            "the server logs the parameters of statements (log_statement = none, "
            + "log_min_duration_statement = 250ms)"
        #expect(try await findings() == [sentence])
        try await superuser.execute("ALTER DATABASE \(database) SET log_parameter_max_length = 0")
        #expect(try await findings() == [])
        try await superuser.execute("ALTER DATABASE \(database) SET log_statement = 'all'")
        #expect(try await findings().count == 1, "literals are logged all the same")
    }

    @Test func `a wrong master key, and a login that may see little`() async throws {
        let right = Sealer(try MasterKeys(MasterKey.generate(id: 1)))
        var owner = try await Database.current.connect()
        var draft = Portal.Draft(name: "acme", login: Database.current.unique("acme"))
        draft.withPassword = false
        _ = try await Portal.add(draft, right, &owner)
        let key = try await examine().first { $0.check == "master key" }
        #expect(key?.grade == .error)

        let monitor = try await Database.current.makeLogin("watch", in: .monitor)
        let seen = try await examine(as: Database.current.options(login: monitor))
        #expect(seen.first { $0.check == "master key" }?.grade == .warning)
        let grant = "GRANT pg_monitor TO \(monitor.name);"
        #expect(seen.contains { $0.check == "snapshots" && $0.remedy?.text == grant })
    }

    @Test func `rows of a default partition are moved to where they belong`() async throws {
        _ = try await ConsolePortal.make()
        try await arrange(
            """
            DO $$ BEGIN EXECUTE 'DROP TABLE countersign.auth_requests_'
                || to_char((clock_timestamp() AT TIME ZONE 'UTC')::date, 'YYYYMMDD'); END $$;
            INSERT INTO countersign.auth_requests (portal_id, auth_type, callback_uri)
            SELECT portal_id, 'qr-code', 'http://127.0.0.1:9/cb' FROM countersign.portals, generate_series(1, 3)
            """)
        #expect(try await examine().contains { $0.finding == "hold rows: auth_requests (3)" })
        var owner = try await Database.current.connect()
        let moved = try await DefaultPartitions.mend(&owner)
        #expect(moved.map(\.table) == ["auth_requests"] && moved.map(\.moved) == [3])
        #expect(moved.map(\.isDone) == [true])
        #expect(try await owner.execute("SELECT count(*) FROM countersign.auth_requests")[0].int(0) == 3)
        #expect(try await owner.execute("SELECT count(*) FROM countersign.issue_queue")[0].int(0) == 3)
        #expect(try await DefaultPartitions.mend(&owner).isEmpty)
        // Of days for which no partition is made any more.
        try await arrange(
            """
            INSERT INTO countersign.webhook_attempts (transaction_id, started_at, attempt, duration_ms)
            SELECT countersign.uuid_floor(now() - '9 days'::interval), now() - '9 days'::interval, 1, 5
            """)
        #expect(try await DefaultPartitions.mend(&owner).map(\.isDone) == [false])
        try await arrange("DELETE FROM countersign.webhook_attempts_default")
        let drift = try await examine().filter { $0.check == "drift" && $0.grade != .ok }
        #expect(drift == [], "the same schema as before")
    }
}
