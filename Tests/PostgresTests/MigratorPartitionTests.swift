import Postgres
import Support
import Testing

@Suite(.emptyDatabase) struct MigratorPartitionTests {
    private let database = Database.current
    private let migrator: Migrator

    init() throws {
        migrator = try Migrator(
            [
                file(
                    1,
                    """
                    CREATE TABLE app.t (a int, b text) PARTITION BY RANGE (a);
                    CREATE TABLE app.t_1 PARTITION OF app.t FOR VALUES FROM (10) TO (20);
                    CREATE TABLE app.t_2 PARTITION OF app.t FOR VALUES FROM (20) TO (30);
                    CREATE TABLE app."Default" PARTITION OF app.t DEFAULT;
                    """),
                file(
                    2, "CREATE INDEX t_b ON ONLY app.t (lower(b)) WHERE b <> 'it''s %s';",
                    "for-each-partition app.t"),
            ],
            schema: "app", limits: impatient)
    }

    @Test func `each partition has its index and the parent's is valid`() async throws {
        var connection = try await database.connect()
        try await migrator.up(&connection)
        try await expectIndexes(["t_b", "t_b_1", "t_b_2", "t_b_Default"], &connection)
    }

    @Test func `a partition that is attached meanwhile has it, too`() async throws {
        try await migrate(whileBuilding: "t_b_1", of: "t_1") { connection in
            try await connection.execute(
                """
                CREATE TABLE app.t_3 (LIKE app.t);
                ALTER TABLE app.t ATTACH PARTITION app.t_3 FOR VALUES FROM (30) TO (40)
                """)
        }
        var connection = try await database.connect()
        try await expectIndexes(["t_3_lower_idx", "t_b", "t_b_1", "t_b_2", "t_b_Default"], &connection)
    }

    @Test func `a partition that is dropped meanwhile is missed by nobody`() async throws {
        try await migrate(whileBuilding: "t_b_1", of: "t_1") { connection in
            try await connection.execute("DROP TABLE app.t_2")
        }
        var connection = try await database.connect()
        try await expectIndexes(["t_b", "t_b_1", "t_b_Default"], &connection)
    }

    @Test func `when every partition without it is dropped, it can be made again`() async throws {
        await #expect(throws: MigrationError.self) {
            try await migrate(whileBuilding: "t_b_1", of: "t_1", killBuilder)
        }
        var connection = try await database.connect()
        try await connection.execute(#"DROP TABLE app.t_1, app.t_2, app."Default""#)
        let error = await #expect(throws: MigrationError.self) { try await migrator.up(&connection) }
        let sentence =
            "0002_m.sql has built t_b on every partition, but it is not valid: drop it and migrate again"
        #expect(error?.description == sentence)
        try await connection.execute("DROP INDEX app.t_b")
        try await migrator.up(&connection)
        try await expectIndexes(["t_b"], &connection)
    }

    @Test func `a killed migrator's work is finished by the next`() async throws {
        var observer = try await database.connect()
        await #expect(throws: MigrationError.self) {
            try await migrate(whileBuilding: "t_b_2", of: "t_2", killBuilder)
        }
        #expect(try await validity("t\\_b%", &observer).sorted() == ["false", "false", "true", "true"])

        var connection = try await database.connect()
        let log = ProgressLog()
        try await migrator.up(&connection, progress: log.add)
        #expect(
            log.lines.filter { $0.hasPrefix("running") } == [
                "running DROP INDEX CONCURRENTLY app.t_b_2",
                "running CREATE INDEX CONCURRENTLY t_b_2 ON app.t_2 (lower(b)) WHERE b <> 'it''s %s'",
            ])
        try await expectIndexes(["t_b", "t_b_1", "t_b_2", "t_b_Default"], &connection)
    }

    @Test func `a table without partitions gets its index`() async throws {
        var connection = try await database.connect()
        let files = [
            file(1, "CREATE TABLE app.t (a int) PARTITION BY RANGE (a)"),
            file(2, "CREATE INDEX t_a ON ONLY app.t (a)", "for-each-partition app.t"),
        ]
        try await Migrator(files, schema: "app").up(&connection)
        #expect(try await validity("t_a", &connection) == ["true"])
    }

    /// Runs the migrator and, when it is building an index on that partition and cannot go on, `body`.
    private func migrate(
        whileBuilding index: String, of partition: String, _ body: (inout Connection) async throws -> Void
    ) async throws {
        var connection = try await database.connect()
        try await firstFile().up(&connection)
        var writer = try await database.connect()
        try await writer.execute("BEGIN; LOCK TABLE app.\(partition) IN ROW EXCLUSIVE MODE")
        async let done: Void = {
            var connection = try await database.connect()
            try await migrator.up(&connection)
        }()
        try await waitForBuild(of: index, &connection)
        try await body(&connection)
        try await writer.execute("COMMIT")
        try await done
    }

    private func firstFile() throws -> Migrator {
        try Migrator(
            [MigrationFile(name: migrator.migrations[0].name, text: migrator.migrations[0].sql)],
            schema: "app")
    }

    private func expectIndexes(
        _ names: [String], _ connection: inout Connection, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let sql = """
            SELECT relname::text FROM pg_class
            JOIN pg_index ON indexrelid = oid JOIN pg_inherits ON inhrelid = oid
            WHERE inhparent = 'app.t_b'::regclass AND indisvalid
            UNION ALL SELECT 't_b' FROM pg_index WHERE indexrelid = 'app.t_b'::regclass AND indisvalid
            """
        let found = try await texts(sql, &connection).sorted()
        #expect(found == names.sorted(), sourceLocation: sourceLocation)
        #expect(try await migrator.verify(&connection).version == 2, sourceLocation: sourceLocation)
    }
}
