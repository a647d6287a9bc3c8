import Postgres
import Support
import Testing

/// What others hold that keeps nobody from migrating.
@Suite(.emptyDatabase) struct MigratorTurnTests {
    private let database = Database.current

    private var hurried: Migrator.Limits {
        var limits = Migrator.Limits()
        limits.turnTimeout = .zero
        return limits
    }

    @Test func `no advisory lock holds a migration up`() async throws {
        let stranger = try await database.makeLogin("stranger")
        var holder = try await database.connect(as: stranger)
        // What migrators of before took, and what any portal may take.
        try await holder.execute("SELECT pg_advisory_lock(7166191731551134068)")
        var connection = try await database.connect()
        let migrator = try migrator("CREATE TABLE app.t (a int)", limits: hurried)
        try await migrator.up(&connection)
        #expect(try await migrator.verify(&connection).version == 1)
    }

    @Test func `who may read the table of turns cannot hold one up`() async throws {
        let reader = try await database.makeLogin("reader")
        var connection = try await database.connect()
        try await migrator("SELECT 1").up(&connection)
        try await connection.execute(
            """
            GRANT USAGE ON SCHEMA app TO \(quotedIdentifier(reader.name));
            GRANT SELECT ON app.schema_turn TO \(quotedIdentifier(reader.name))
            """)
        var holder = try await database.connect(as: reader)
        for mode in ["SHARE UPDATE EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"] {
            await #expect(throws: PostgresError.self) {
                try await holder.execute("LOCK TABLE app.schema_turn IN \(mode) MODE")
            }
        }
        try await holder.execute("BEGIN; LOCK TABLE app.schema_turn IN ACCESS SHARE MODE")
        try await migrator("SELECT 1", "SELECT 2", limits: hurried).up(&connection)
        #expect(try await migrator("SELECT 1", "SELECT 2").verify(&connection).version == 2)
    }

    @Test func `a second migrator begins when the first one's session has gone`() async throws {
        var connection = try await database.connect()
        try await migrator("SELECT 1").up(&connection)
        do {
            var first = try await database.connect()
            try await first.execute(
                "BEGIN; LOCK TABLE app.schema_turn IN SHARE UPDATE EXCLUSIVE MODE NOWAIT")
            let late = try migrator("SELECT 1", limits: hurried)
            let error = await #expect(throws: MigrationError.self) { try await late.up(&connection) }
            #expect(
                error?.description
                    == "another migration is running (server process \(first.processID))")
        }
        try await migrator("SELECT 1").up(&connection)
    }
}
