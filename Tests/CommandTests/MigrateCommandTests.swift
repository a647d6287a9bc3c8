import Countersign
import Glibc
import Postgres
import Support
import Testing

@Suite struct MigrateCommandTests {
    @Test(.emptyDatabase) func `eight processes at once`() async throws {
        let shell = Shell.owner()
        let programs = try (0..<8).map { _ in try shell.start(["migrate", "up"]) }
        var applied = 0
        for program in programs {
            let outcome = try await program.outcome()
            #expect(outcome.status == 0)
            #expect(outcome.errors == "")
            applied += outcome.output.ranges(of: "applied 0001_schema.sql").count
        }
        #expect(applied == 1)
        var owner = try await Database.current.connect()
        let rows = try await owner.execute("SELECT count(*) FROM countersign.schema_migrations")
        #expect(try rows[0].int(0) == Program.number)
        try await shell.succeed("migrate", "verify")
    }

    @Test(.emptyDatabase) func `plan prints and runs nothing`() async throws {
        let shell = Shell.owner()
        let plan = try await shell.succeed("migrate", "plan").output
        #expect(plan.contains("CREATE TABLE countersign.auth_requests"))
        let status = try await shell.succeed("migrate", "status", "--json").json(as: [[String: Any]].self)
        #expect(status.allSatisfy { $0["state"] as? String == "pending" })
        var owner = try await Database.current.connect()
        #expect(try await owner.execute("SELECT to_regnamespace('countersign') IS NULL")[0].bool(0))
    }

    @Test(.emptyDatabase) func `every other command asks for it first`() async throws {
        for arguments in [["portal", "list"], ["settings", "show"], ["status"]] {
            try await Shell.owner().start(arguments).outcome().expect(
                78,
                "schema is at version 0, this program needs at least \(Program.requiredSchema): "
                    + "run `countersign migrate up`")
        }
    }

    @Test(.database) func `up again, status and verify`() async throws {
        let shell = Shell.owner()
        let version = Program.number
        #expect(
            try await shell.succeed("migrate", "up").output
                == "the schema is at version \(version), nothing to do\n")
        let status = try await shell.succeed("migrate", "status", "--json").json(as: [[String: Any]].self)
        #expect(status.map { $0["name"] as? String } == embeddedMigrations.map(\.name))
        #expect(status.allSatisfy { $0["state"] as? String == "applied" })
        #expect(try await shell.succeed("migrate", "status").output.contains("0001_schema.sql"))
        #expect(
            try await shell.succeed("migrate", "verify").output
                == "the schema is at version \(version) and as its migrations say, 0 pending\n")
    }

    @Test(.database) func `a changed file is refused by name`() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(
            "UPDATE countersign.schema_migrations SET checksum = repeat('0', 64) WHERE version = 1")
        for command in ["up", "verify", "plan"] {
            let outcome = try await Shell.owner().run("migrate", command)
            #expect(outcome.status == 78)
            #expect(
                outcome.errors.hasPrefix("countersign: 0001_schema.sql was changed after it was applied"))
        }
        #expect(try await Shell.owner().succeed("migrate", "status").output.contains("changed"))
    }

    @Test(.database) func `a schema that is too new stops every command`() async throws {
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            INSERT INTO countersign.schema_migrations (version, name, checksum, minimum_binary, duration_ms)
            VALUES (9999, '9999_later.sql', '', 9999, 1)
            """)
        let sentence = "schema version 9999 asks for program 9999 or newer, this is \(Program.number)"
        try await Shell.owner().run("portal", "list").expect(78, sentence)
        try await Shell.owner().run("migrate", "up").expect(78, sentence)
        try await Shell.owner().run("migrate", "verify").expect(78, sentence)
    }

    @Test(.emptyDatabase) func `a database of a version that was never released is refused by name`()
        async throws
    {
        var owner = try await Database.current.connect()
        try await owner.execute(
            """
            CREATE SCHEMA countersign;
            CREATE TABLE countersign.schema_migrations (version int PRIMARY KEY, name text, checksum text,
                minimum_binary int, applied_at timestamptz, duration_ms int, applied_by text);
            INSERT INTO countersign.schema_migrations SELECT n, format('000%s_%s.sql', n, name), '', 2, now(), 1, ''
            FROM unnest(ARRAY['initial', 'enrollment', 'webhooks', 'gateway', 'operations', 'queue_figures'])
                WITH ORDINALITY AS files (name, n)
            """)
        let sentence = """
            this database was made by 0001_initial.sql, of a version that was never released and cannot be upgraded: \
            start with a new database
            """
        for arguments in [
            ["migrate", "up"], ["migrate", "verify"], ["migrate", "plan"], ["portal", "list"],
        ] {
            try await Shell.owner().start(arguments).outcome().expect(78, sentence)
        }
        #expect(
            try await owner.execute("SELECT to_regclass('countersign.schema_current') IS NULL")[0].bool(0))
    }

    @Test(.emptyDatabase("ENCODING 'LATIN1' LOCALE 'C'")) func `texts in Latin 1 are refused`() async throws {
        try await expectRefusal(of: "LATIN1")
    }

    @Test(.emptyDatabase("ENCODING 'SQL_ASCII' LOCALE 'C'")) func `texts in any encoding are refused`()
        async throws
    {
        try await expectRefusal(of: "SQL_ASCII")
    }

    private func expectRefusal(of encoding: String) async throws {
        try await Shell.owner().run("migrate", "up").expect(
            78,
            """
            the encoding of this database is \(encoding), and UTF8 is needed: make a new one, CREATE DATABASE ... \
            TEMPLATE template0 ENCODING 'UTF8'
            """)
        var owner = try await Database.current.connect()
        #expect(try await owner.execute("SELECT to_regnamespace('countersign') IS NULL")[0].bool(0))
    }

    /// A statement that waits for a lock, with no limit, is ended on the server as soon as its command is.
    @Test(.database, arguments: [SIGINT, SIGTERM, SIGHUP])
    func `a signal ends the command and its statement`(signal: Int32) async throws {
        var holder = try await Database.current.connect()
        try await holder.execute("BEGIN; LOCK TABLE countersign.schema_migrations IN ACCESS EXCLUSIVE MODE")
        let limits = "?options=-c%20lock_timeout%3D0%20-c%20statement_timeout%3D0"
        let program = try Shell(url: Database.current.ownerURL + limits).start(["migrate", "status"])
        try await Database.current.waitForBlockedSession(of: "countersign")
        program.interrupt(by: signal)
        #expect(try await program.outcome().status == 128 + signal)
        try await Database.current.waitForBlockedSession(false, of: "countersign")
    }

    @Test(.database) func `it is the owner's`() async throws {
        let shell = try await Shell.member(of: .portal)
        let outcome = try await shell.run("migrate", "status")
        #expect(outcome.status == 77)
        #expect(outcome.errors.contains("this needs a login that owns the database and has CREATEROLE"))
    }

    @Test func `the program's number is that of its newest migration`() throws {
        #expect(try Program.number == Program.migrator().program)
        #expect(Program.schemaRange.requires <= Program.number)
    }
}
