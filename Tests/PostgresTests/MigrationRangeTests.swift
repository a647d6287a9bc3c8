import Postgres
import Support
import Testing

@Suite(.emptyDatabase) struct MigrationRangeTests {
    private let database = Database.current
    private let files = [
        file(1, "SELECT 1", minimum: 1), file(2, "SELECT 2", minimum: 1), file(3, "SELECT 3", minimum: 3),
    ]

    @Test func `an older program is content with a newer schema that takes it`() async throws {
        var connection = try await database.connect()
        try await Migrator(Array(files.prefix(2)), schema: "app").up(&connection)
        let older = try Migrator(Array(files.prefix(1)), schema: "app")
        let log = ProgressLog()
        try await older.up(&connection, progress: log.add)
        #expect(log.lines == ["the schema is at version 2, nothing to do"])
        #expect(try await older.status(&connection).entries.map(\.state) == [.applied, .newer])
        #expect(try await older.verify(&connection).minimumBinary == 1)
        try await SchemaRange(requires: 1, program: 1).check(&connection, schema: "app")
    }

    @Test func `a schema that asks for a newer program stops an older one`() async throws {
        var connection = try await database.connect()
        try await Migrator(files, schema: "app").up(&connection)
        let older = try Migrator(Array(files.prefix(2)), schema: "app")
        let sentence = "schema version 3 asks for program 3 or newer, this is 2"
        try await expectRefusal(older, sentence, &connection)
        #expect(try await older.status(&connection).version == 3)
        let error = await #expect(throws: SchemaRangeError.self) {
            try await SchemaRange(requires: 1, program: 2).check(&connection, schema: "app")
        }
        #expect(error?.description == sentence)
    }

    @Test func `a schema older than the program needs is named with the remedy`() async throws {
        var connection = try await database.connect()
        let range = SchemaRange(requires: 2, program: 3)
        let empty = await #expect(throws: SchemaRangeError.self) {
            try await range.check(&connection, schema: "app")
        }
        #expect(empty == .tooOld(version: 0, requires: 2))

        try await Migrator(Array(files.prefix(1)), schema: "app").up(&connection)
        let old = await #expect(throws: SchemaRangeError.self) {
            try await range.check(&connection, schema: "app")
        }
        #expect(
            old?.description
                == "schema is at version 1, this program needs at least 2: run `countersign migrate up`")
        try await Migrator(Array(files.prefix(2)), schema: "app").up(&connection)
        try await range.check(&connection, schema: "app")
    }

    @Test func `a migration that is not finished does not count, but its minimum does`() async throws {
        var connection = try await database.connect()
        try await Migrator(files, schema: "app").up(&connection)
        try await connection.execute("UPDATE app.schema_migrations SET duration_ms = NULL WHERE version = 3")
        let error = await #expect(throws: SchemaRangeError.self) {
            try await SchemaRange(requires: 3, program: 3).check(&connection, schema: "app")
        }
        #expect(error == .tooOld(version: 2, requires: 3))
        let older = await #expect(throws: SchemaRangeError.self) {
            try await SchemaRange(requires: 1, program: 2).check(&connection, schema: "app")
        }
        #expect(older == .tooNew(version: 2, minimumBinary: 3, program: 2))
    }
}
