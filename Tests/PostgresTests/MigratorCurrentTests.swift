import Postgres
import Support
import Testing

/// Functions and what else is edited in place.
@Suite(.emptyDatabase) struct MigratorCurrentTests {
    private let database = Database.current

    private func answer(_ value: Int) -> MigrationFile {
        current("answer", "CREATE OR REPLACE FUNCTION app.answer() RETURNS int RETURN \(value);")
    }

    private func up(_ files: MigrationFile..., in connection: inout Connection) async throws -> [String] {
        let log = ProgressLog()
        try await Migrator(files, schema: "app").up(&connection, progress: log.add)
        return log.lines.filter { $0.hasPrefix("applied ") || !$0.contains("appl") }
    }

    @Test func `numbered files come first, then current ones after those that they name`() async throws {
        var connection = try await database.connect()
        let lines = try await up(
            current(
                "apple", "-- after: pear, plum\nCREATE OR REPLACE VIEW app.v AS SELECT app.pear() FROM app.t;"
            ),
            current("grants", "-- with-every-change\nGRANT SELECT ON app.v TO CURRENT_USER;"),
            current(
                "pear", "CREATE OR REPLACE FUNCTION app.pear() RETURNS int RETURN (SELECT a FROM app.t);"),
            current("plum", ""),
            current("seed", "CREATE OR REPLACE FUNCTION app.seed() RETURNS int RETURN 7;"),
            file(1, "CREATE TABLE app.t (a int DEFAULT app.seed())", "after: seed"),
            file(2, "ALTER TABLE app.t ADD b int"), in: &connection)
        #expect(
            lines == [
                "applied current/seed.sql", "applied 0001_m.sql", "applied 0002_m.sql",
                "applied current/pear.sql",
                "applied current/plum.sql", "applied current/apple.sql", "applied current/grants.sql",
            ])
    }

    @Test func `a file runs again when its content has changed, and takes along what follows every change`()
        async throws
    {
        var connection = try await database.connect()
        let other = current("other", "CREATE OR REPLACE FUNCTION app.other() RETURNS int RETURN 1;")
        let grants = current("grants", "-- with-every-change\nGRANT USAGE ON SCHEMA app TO CURRENT_USER;")
        _ = try await up(file(1, "SELECT 1"), answer(1), other, grants, in: &connection)
        let nothing = try await up(file(1, "SELECT 1"), answer(1), other, grants, in: &connection)
        #expect(nothing == ["the schema is at version 1, nothing to do"])

        let lines = try await up(file(1, "SELECT 1"), answer(2), other, grants, in: &connection)
        #expect(lines == ["applied current/answer.sql", "applied current/grants.sql"])
        #expect(try await texts("SELECT app.answer()::text", &connection) == ["2"])
        let more = try await up(
            file(1, "SELECT 1"), file(2, "SELECT 2"), answer(2), other, grants, in: &connection)
        #expect(more == ["applied 0002_m.sql", "applied current/grants.sql"])
    }

    /// Tables may be locked meanwhile.
    @Test func `a file costs one round trip, with its record`() async throws {
        var connection = try await database.connect()
        let note = "INSERT INTO app.sent SELECT current_query();"
        _ = try await up(
            file(1, "CREATE TABLE app.sent (sql text); \(note)"), current("note", note), in: &connection)
        let sent = try await texts("SELECT sql FROM app.sent", &connection)
        #expect(sent.count == 2)
        #expect(sent.map { $0.hasPrefix("RESET ALL;") } == [false, true])
        for text in sent {
            #expect(text.contains("INSERT INTO \"app\".schema_") && text.contains("SET applied_at"))
        }
    }

    @Test func `tables and functions change together or not at all`() async throws {
        var connection = try await database.connect()
        _ = try await up(file(1, "CREATE TABLE app.t (a int)"), answer(1), in: &connection)
        let files = [
            file(1, "CREATE TABLE app.t (a int)"), file(2, "DROP TABLE app.t"), answer(2),
            current("broken", "SELECT x"),
        ]
        let migrator = try Migrator(files, schema: "app")
        let error = await #expect(throws: MigrationError.self) { try await migrator.up(&connection) }
        #expect(error?.description == "current/broken.sql failed: column \"x\" does not exist [42703]")
        #expect(try await texts("SELECT to_regclass('app.t')::text", &connection) == ["app.t"])
        #expect(try await texts("SELECT app.answer()::text", &connection) == ["1"])
        let status = try await migrator.status(&connection)
        #expect(status.current.map(\.state) == [.pending, .pending])
        #expect(status.pendingCount == 3)
    }

    @Test func `an older program leaves a newer one's functions alone`() async throws {
        var connection = try await database.connect()
        let newer = [file(1, "SELECT 1"), file(2, "SELECT 2"), answer(2), current("added", "SELECT 1")]
        try await Migrator(newer, schema: "app").up(&connection)
        let lines = try await up(file(1, "SELECT 1"), answer(1), current("gone", "SELECT x"), in: &connection)
        #expect(lines == ["the schema is at version 2, nothing to do"])
        #expect(try await texts("SELECT app.answer()::text", &connection) == ["2"])

        let older = try Migrator(
            [file(1, "SELECT 1"), answer(1), current("gone", "SELECT x")], schema: "app")
        let status = try await older.verify(&connection)
        #expect(
            status.current.map(\.name) == ["current/added.sql", "current/answer.sql", "current/gone.sql"])
        #expect(status.current.map(\.state) == [.newer, .newer, .newer])
        #expect(status.current.compactMap { $0.applied?.program } == [2, 2])
        #expect(
            status.current.allSatisfy {
                $0.applied?.appliedBy ?? "countersign_test_owner" == "countersign_test_owner"
            })
        #expect(try await older.plan(&connection) == "-- The schema is at version 2: nothing to do.\n")
    }

    @Test func `a file that is gone is forgotten`() async throws {
        var connection = try await database.connect()
        _ = try await up(file(1, "SELECT 1"), answer(1), in: &connection)
        let migrator = try Migrator([file(1, "SELECT 1")], schema: "app")
        #expect(try await migrator.status(&connection).current.map(\.state) == [.removed])
        let lines = try await up(file(1, "SELECT 1"), in: &connection)
        #expect(
            lines == [
                "current/answer.sql is no longer part of this program",
                "the schema is at version 1, nothing to do",
            ])
        #expect(try await migrator.status(&connection).current == [])
    }

    @Test func `eight at once run each file once`() async throws {
        let files =
            [file(1, "SELECT 1")]
            + (0..<5).map { current("f\(["a", "b", "c", "d", "e"][$0])", "SELECT \($0)") }
        let applied = Signal()
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    var connection = try await database.connect()
                    try await Migrator(files, schema: "app").up(&connection) { progress in
                        if case .applied = progress { applied.fire() }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(applied.count == 6)
    }

    @Test func `a file that ends its own transaction is found out and runs again`() async throws {
        var connection = try await database.connect()
        let careless = try Migrator([file(1, "SELECT 1"), current("a", "COMMIT")], schema: "app")
        let error = await #expect(throws: MigrationError.self) { try await careless.up(&connection) }
        #expect(
            error?.description
                == "current/a.sql ends the transaction it runs in: take out its COMMIT or ROLLBACK")
        #expect(try await careless.status(&connection).current.map(\.state) == [.pending])
        _ = try await up(file(1, "SELECT 1"), current("a", "SELECT 1"), in: &connection)
    }

    @Test func `settings of a file end with it`() async throws {
        var connection = try await database.connect()
        _ = try await up(
            file(1, "CREATE TABLE app.t (lock_timeout text)"),
            current("a", "SET lock_timeout = '7s'; SET search_path = app"),
            current(
                "b",
                "INSERT INTO app.t VALUES (current_setting('lock_timeout')), (current_setting('search_path'))"
            ),
            in: &connection)
        #expect(
            try await texts("SELECT lock_timeout FROM app.t", &connection) == ["50ms", "pg_catalog, pg_temp"])
    }

    /// A body that begins with RETURN is read when it is made, and the better match wins, wherever it stands in the path.
    @Test func `nothing of the session's own path is taken for PostgreSQL's`() async throws {
        var connection = try await database.connect()
        try await connection.execute(
            "CREATE FUNCTION public.cardinality(integer[]) RETURNS integer LANGUAGE sql RETURN 99")
        _ = try await up(
            file(1, "CREATE FUNCTION app.f() RETURNS integer LANGUAGE sql RETURN cardinality(ARRAY[7])"),
            current("a", "CREATE FUNCTION app.g() RETURNS integer LANGUAGE sql RETURN cardinality(ARRAY[7])"),
            in: &connection)
        let found = try await connection.execute("SELECT cardinality(ARRAY[7]), app.f(), app.g()")[0]
        #expect(try found.int(0) == 99 && found.int(1) == 1 && found.int(2) == 1)
    }
}
