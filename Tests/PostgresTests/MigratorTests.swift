import Postgres
import Support
import Synchronization
import Testing

@Suite(.emptyDatabase) struct MigratorTests {
    private let database = Database.current

    @Test func `pending files are applied in order, once`() async throws {
        var connection = try await database.connect()
        try await migrator("CREATE TABLE app.t (a int)").up(&connection)
        let log = ProgressLog()
        let second = try migrator("CREATE TABLE app.t (a int)", "ALTER TABLE app.t ADD b int")
        try await second.up(&connection, progress: log.add)
        #expect(
            log.lines.filter { !$0.hasPrefix("app.t were locked for ") } == [
                "applying 0002_m.sql", "applied 0002_m.sql", "the schema is at version 2, 1 applied",
            ])

        let status = try await second.verify(&connection)
        #expect(status.version == 2)
        #expect(status.entries.map(\.state) == [.applied, .applied])
        #expect(status.entries.allSatisfy { $0.applied?.appliedBy == "countersign_test_owner" })
    }

    @Test func `eight at once give one row for each file`() async throws {
        let files = (1...5).map { number in file(number, "CREATE TABLE app.t\(number) (a int)") }
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
        #expect(applied.count == 5)
        var connection = try await database.connect()
        #expect(
            try await texts("SELECT name FROM app.schema_migrations ORDER BY version", &connection)
                == files.map(\.name))
    }

    @Test func `a file that fails leaves nothing behind and is named`() async throws {
        var connection = try await database.connect()
        let broken = try migrator("CREATE TABLE app.t (a int)", "CREATE TABLE app.u (a int); SELECT nonsense")
        let error = await #expect(throws: MigrationError.self) { try await broken.up(&connection) }
        #expect(error?.description == "0002_m.sql failed: column \"nonsense\" does not exist [42703]")
        #expect(try await broken.status(&connection).entries.map(\.state) == [.pending, .pending])
        #expect(try await texts("SELECT to_regclass('app.t')::text", &connection) == [])
        let isIdle = connection.isIdle
        #expect(isIdle)
    }

    @Test func `a changed file is refused by name`() async throws {
        var connection = try await database.connect()
        try await migrator("CREATE TABLE app.t (a int)").up(&connection)
        let changed = try migrator("CREATE TABLE app.t (a bigint)", "SELECT 1")
        let refusal =
            "0001_m.sql was changed after it was applied to this database: restore it and add a new file"
        try await expectRefusal(changed, refusal, &connection)
        #expect(try await changed.status(&connection).entries.map(\.state) == [.changed, .pending])
    }

    @Test func `a file under another name is refused by both`() async throws {
        var connection = try await database.connect()
        try await migrator("SELECT 1").up(&connection)
        let renamed = try Migrator(
            [MigrationFile(name: "0001_new.sql", text: file(1, "SELECT 1").text)], schema: "app")
        let refusal = "0001_new.sql stands where this database has applied 0001_m.sql: restore that file"
        try await expectRefusal(renamed, refusal, &connection)
    }

    @Test func `a file missing from the program or from the database is refused by name`() async throws {
        var connection = try await database.connect()
        let three = try migrator("SELECT 1", "SELECT 2", "SELECT 3")
        try await three.up(&connection)
        try await connection.execute("DELETE FROM app.schema_migrations WHERE version = 2")
        try await expectRefusal(
            three, "0002_m.sql was not applied to this database although a newer migration was", &connection)

        try await connection.execute("UPDATE app.schema_migrations SET version = 0 WHERE version = 1")
        let one = try Migrator([], schema: "app")
        #expect(try await one.status(&connection).entries.map(\.state) == [.missing, .newer])
        try await expectRefusal(
            one, "0001_m.sql was applied to this database and is missing from this program", &connection)
    }

    @Test func `whoever holds a lock is waited for without holding up others`() async throws {
        var connection = try await database.connect()
        try await migrator("CREATE TABLE app.t (a int)").up(&connection)
        var holder = try await database.connect()
        try await holder.execute("BEGIN; LOCK TABLE app.t IN ACCESS SHARE MODE")

        let retried = Signal()
        async let done: Void = {
            var connection = try await database.connect()
            let migrator = try migrator(
                "CREATE TABLE app.t (a int)", "ALTER TABLE app.t ADD b int", limits: impatient)
            try await migrator.up(&connection) { if case .retrying = $0 { retried.fire() } }
        }()
        try await retried.wait(for: 2)
        try await holder.execute("COMMIT")
        try await done
        #expect(
            try await migrator("CREATE TABLE app.t (a int)", "ALTER TABLE app.t ADD b int")
                .verify(&connection).version == 2)
    }

    @Test func `a lock that never comes free ends in an error that says so`() async throws {
        var connection = try await database.connect()
        try await migrator("CREATE TABLE app.t (a int)").up(&connection)
        var holder = try await database.connect()
        try await holder.execute("BEGIN; LOCK TABLE app.t IN ACCESS SHARE MODE")
        var limits = impatient
        limits.attempts = 2
        let second = try migrator("CREATE TABLE app.t (a int)", "DROP TABLE app.t", limits: limits)
        let error = await #expect(throws: MigrationError.self) { try await second.up(&connection) }
        #expect(
            error?.description
                == "0002_m.sql failed after 2 attempts: locks on app.t were not to be had [55P03]")
    }

    @Test func `only one migrates at a time, and whoever waits hears of it`() async throws {
        var connection = try await database.connect()
        try await migrator("CREATE TABLE app.t (a int)").up(&connection)
        var holder = try await database.connect()
        try await holder.execute("BEGIN; LOCK TABLE app.t IN ACCESS SHARE MODE")
        let retried = Signal()
        async let first: Void = {
            var connection = try await database.connect()
            let second = try migrator(
                "CREATE TABLE app.t (a int)", "ALTER TABLE app.t ADD b int", limits: impatient)
            try await second.up(&connection) { if case .retrying = $0 { retried.fire() } }
        }()
        try await retried.wait()

        var limits = Migrator.Limits()
        limits.turnTimeout = .milliseconds(100)
        let log = ProgressLog()
        let late = try migrator("CREATE TABLE app.t (a int)", limits: limits)
        let error = await #expect(throws: MigrationError.self) {
            try await late.up(&connection, progress: log.add)
        }
        let sentence = try #require(error?.description)
        #expect(sentence.hasPrefix("another migration is running (server process "))
        #expect(log.lines == ["waiting for " + sentence.replacing(" is running", with: "")])
        try await holder.execute("COMMIT")
        try await first
    }

    @Test func `a file that ends its own transaction is found out`() async throws {
        var connection = try await database.connect()
        let migrator = try migrator("CREATE TABLE app.t (a int); COMMIT; CREATE TABLE app.u (a int)")
        let error = await #expect(throws: MigrationError.self) { try await migrator.up(&connection) }
        #expect(
            error?.description
                == "0001_m.sql ends the transaction it runs in: take out its COMMIT or ROLLBACK")
    }

    @Test func `settings of a file end with it`() async throws {
        var connection = try await database.connect()
        try await migrator(
            "SET statement_timeout = '7s'; SET search_path = app",
            "CREATE TABLE app.t AS SELECT current_setting('search_path') AS path"
        ).up(&connection)
        #expect(try await texts("SELECT path FROM app.t", &connection) == ["pg_catalog, pg_temp"])
        #expect(try await texts("SHOW statement_timeout", &connection) == ["30s"])
        #expect(try await texts("SHOW search_path", &connection) == ["\"$user\", public"])
    }
}
