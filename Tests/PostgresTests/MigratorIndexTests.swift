import Postgres
import Support
import Testing

@Suite(.emptyDatabase) struct MigratorIndexTests {
    private let database = Database.current
    private let files = [
        file(1, "CREATE TABLE app.t (a int); INSERT INTO app.t SELECT generate_series(1, 1000)"),
        file(2, "CREATE INDEX CONCURRENTLY t_a ON app.t (a)", "no-transaction"),
    ]

    @Test func `a statement runs outside a transaction`() async throws {
        var connection = try await database.connect()
        let log = ProgressLog()
        let migrator = try Migrator([files[0], file(2, "VACUUM app.t;", "no-transaction")], schema: "app")
        try await migrator.up(&connection, progress: log.add)
        #expect(log.lines.contains("running VACUUM app.t"))
        #expect(try await migrator.verify(&connection).version == 2)
    }

    @Test func `an index interrupted half way is dropped and built`() async throws {
        var connection = try await database.connect()
        try await Migrator([files[0]], schema: "app").up(&connection)
        var reader = try await database.connect()
        try await reader.execute("BEGIN; LOCK TABLE app.t IN ROW EXCLUSIVE MODE")

        var limits = Migrator.Limits()
        limits.buildLockTimeout = .milliseconds(50)
        limits.attempts = 1
        let migrator = try Migrator(files, schema: "app", limits: limits)
        let error = await #expect(throws: MigrationError.self) { try await migrator.up(&connection) }
        #expect(error?.description == "0002_m.sql failed: canceling statement due to lock timeout [55P03]")
        #expect(try await validity("t_a", &connection) == ["false"])
        #expect(try await migrator.status(&connection).entries.map(\.state) == [.applied, .unfinished])
        let finding = await #expect(throws: MigrationError.self) { try await migrator.verify(&connection) }
        #expect(finding?.description == "0002_m.sql was begun and not finished")

        try await reader.execute("COMMIT")
        let log = ProgressLog()
        try await migrator.up(&connection, progress: log.add)
        #expect(
            log.lines.filter { $0.hasPrefix("running") } == [
                #"running DROP INDEX CONCURRENTLY "app"."t_a""#,
                #"running CREATE INDEX CONCURRENTLY "t_a" ON "app"."t" (a)"#,
            ])
        #expect(try await validity("t_a", &connection) == ["true"])
        #expect(try await migrator.verify(&connection).version == 2)
    }

    @Test func `an index outlives a migrator that is killed`() async throws {
        var observer = try await database.connect()
        var connection = try await database.connect()
        try await Migrator([files[0]], schema: "app").up(&connection)
        var reader = try await database.connect()
        try await reader.execute("BEGIN; LOCK TABLE app.t IN ROW EXCLUSIVE MODE")
        let killed = Task {
            var connection = try await database.connect()
            try await Migrator(files, schema: "app").up(&connection)
        }
        try await waitForBuild(of: "t_a", &observer)
        try await killBuilder(&observer)
        await #expect(throws: MigrationError.self) { try await killed.value }

        try await reader.execute("COMMIT")
        try await Migrator(files, schema: "app").up(&connection)
        #expect(try await validity("t_a", &connection) == ["true"])
    }

    @Test func `an index that was built before the crash stays`() async throws {
        var connection = try await database.connect()
        let migrator = try Migrator(files, schema: "app")
        try await migrator.up(&connection)
        try await connection.execute("UPDATE app.schema_migrations SET duration_ms = NULL WHERE version = 2")
        let before = try await texts("SELECT 'app.t_a'::regclass::oid::text", &connection)
        try await migrator.up(&connection)
        #expect(try await texts("SELECT 'app.t_a'::regclass::oid::text", &connection) == before)
        #expect(try await migrator.verify(&connection).version == 2)
    }

    @Test func `an index of that name on another table is not taken for it`() async throws {
        var connection = try await database.connect()
        let other = file(1, files[0].text + "; CREATE TABLE app.u (a int); CREATE INDEX t_a ON app.u (a)")
        let migrator = try Migrator([other, files[1]], schema: "app")
        let error = await #expect(throws: MigrationError.self) { try await migrator.up(&connection) }
        #expect(error?.description == "0002_m.sql failed: relation \"t_a\" already exists [42P07]")
    }

    @Test func `verify finds an index that is not valid`() async throws {
        var connection = try await database.connect()
        let migrator = try Migrator(files, schema: "app")
        try await migrator.up(&connection)
        var superuser = try await database.connectAsSuperuser()
        try await superuser.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'app.t_a'::regclass")
        let error = await #expect(throws: MigrationError.self) { try await migrator.verify(&connection) }
        #expect(error?.description.hasPrefix("0002_m.sql has built t_a") == true)
    }
}

/// `true` or `false` for each index whose name is like that.
func validity(_ index: String, _ connection: inout Connection) async throws -> [String] {
    let sql = """
        SELECT indisvalid::text FROM pg_index JOIN pg_class ON oid = indexrelid
        WHERE relname LIKE '\(index)'
        """
    return try await texts(sql, &connection)
}

/// Until the server builds that index and waits for somebody's transaction.
func waitForBuild(of index: String, _ connection: inout Connection) async throws {
    let sql = """
        SELECT p.index_relid::regclass::text
        FROM pg_stat_progress_create_index p JOIN pg_stat_activity a USING (pid)
        WHERE p.datname = current_database() AND a.wait_event_type = 'Lock'
        """
    try await eventually("\(index) is being built") { try await texts(sql, &connection) == ["app.\(index)"] }
}

func killBuilder(_ connection: inout Connection) async throws {
    try await connection.execute(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index
        WHERE datname = current_database()
        """)
}
