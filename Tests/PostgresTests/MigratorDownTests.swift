import Postgres
import Support
import Testing

/// Going back to the program before.
@Suite(.emptyDatabase) struct MigratorDownTests {
    private let database = Database.current

    private func answer(_ value: Int) -> MigrationFile {
        current("answer", "CREATE OR REPLACE FUNCTION app.answer() RETURNS int RETURN \(value);")
    }

    private var older: [MigrationFile] { [file(1, "CREATE TABLE app.t (a int)"), answer(1)] }

    private func newer(_ directive: String) -> [MigrationFile] {
        [
            older[0], file(2, "ALTER TABLE app.t ADD b int", "undo: ALTER TABLE app.t DROP b"),
            file(3, "CREATE TABLE app.u (a int)", directive), answer(3), current("more", "SELECT 1"),
        ]
    }

    @Test func `the older program undoes what the newer one's files say, and has its functions again`()
        async throws
    {
        var connection = try await database.connect()
        let before = try Migrator(older, schema: "app")
        try await before.up(&connection)
        try await Migrator(newer("undo: DROP TABLE app.u"), schema: "app").up(&connection)
        let log = ProgressLog()
        try await before.down(&connection, progress: log.add)
        #expect(
            log.lines.filter { !$0.contains("locked") } == [
                "undid 0003_m.sql", "undid 0002_m.sql", "the schema is at version 1, 1 applied",
            ])
        let columns = "SELECT attname FROM pg_attribute WHERE attrelid = 'app.t'::regclass AND attnum > 0 "
        #expect(try await texts(columns + "AND NOT attisdropped", &connection) == ["a"])
        #expect(try await texts("SELECT to_regclass('app.u')::text", &connection) == [])
        #expect(try await texts("SELECT app.answer()::text", &connection) == ["1"])
        let status = try await before.verify(&connection)
        #expect(status.entries.map(\.state) == [.applied] && status.current.map(\.state) == [.applied])
    }

    @Test(arguments: [
        ("no-undo: it forgets signatures", "it forgets signatures"), ("", "it does not say how"),
    ])
    func `what cannot be undone is refused with the reason, and all stays`(directive: String, reason: String)
        async throws
    {
        var connection = try await database.connect()
        let before = try Migrator(older, schema: "app")
        try await Migrator(newer(directive), schema: "app").up(&connection)
        let error = await #expect(throws: MigrationError.self) { try await before.down(&connection) }
        #expect(
            error?.description
                == "0003_m.sql cannot be undone: \(reason). What is left is to restore a backup")
        #expect(try await before.status(&connection).version == 3)
        #expect(try await texts("SELECT app.answer()::text", &connection) == ["3"])
    }

    @Test func `there is nothing to undo in a schema of one's own`() async throws {
        var connection = try await database.connect()
        let own = try Migrator(older, schema: "app")
        try await own.up(&connection)
        let log = ProgressLog()
        try await own.down(&connection, progress: log.add)
        #expect(log.lines == ["the schema is at version 1, nothing to do"])
    }
}
