import Foundation
import Postgres
import Support
import Testing

@Suite(.emptyDatabase) struct MigrationPlanTests {
    private let database = Database.current
    private let migrator: Migrator

    init() throws {
        let files = [
            file(
                1,
                """
                CREATE TABLE app.t (a int, b text) PARTITION BY RANGE (a);
                CREATE TABLE app.t_1 PARTITION OF app.t FOR VALUES FROM (10) TO (20);
                CREATE TABLE app.t_2 PARTITION OF app.t DEFAULT;
                CREATE TABLE app.u (a int)  -- a file may end without a semicolon
                """),
            file(2, "CREATE INDEX t_b ON ONLY app.t (b) WHERE b <> '%'", "for-each-partition app.t"),
            file(3, "CREATE UNIQUE INDEX CONCURRENTLY u_a ON app.u (a);", "no-transaction"),
            file(4, "VACUUM app.u", "no-transaction"),
            current("answer", "CREATE OR REPLACE FUNCTION app.answer() RETURNS int RETURN 42;"),
            current(
                "grants", "-- with-every-change\nGRANT USAGE ON SCHEMA app TO CURRENT_USER  -- no semicolon"),
        ]
        migrator = try Migrator(files, schema: "app")
    }

    @Test func `the plan changes nothing`() async throws {
        var connection = try await database.connect()
        let plan = try await migrator.plan(&connection)
        #expect(plan.contains("CREATE TABLE app.u (a int)"))
        #expect(try await texts("SELECT to_regnamespace('app')::text", &connection) == [])
    }

    @Test func `the plan says what each statement locks and for how long, who drains and how to go back`()
        async throws
    {
        var connection = try await database.connect()
        try await Migrator(
            [file(1, "CREATE TABLE app.t (a int); INSERT INTO app.t VALUES (1); ANALYZE app.t")],
            schema: "app"
        )
        .up(&connection)
        let files = [
            file(1, "CREATE TABLE app.t (a int); INSERT INTO app.t VALUES (1); ANALYZE app.t"),
            file(2, "ALTER TABLE app.t\n  ADD b int", minimum: 2, "undo: ALTER TABLE app.t DROP b"),
            file(3, "CREATE INDEX CONCURRENTLY t_a ON app.t (a)", minimum: 2, "no-transaction"),
        ]
        let plan = try await Migrator(files, schema: "app").plan(&connection)
        #expect(
            plan.contains(
                """
                -- 0002_m.sql
                --   Programs older than 2 do not work after it: they drain within 5 s.
                --   A way back: `countersign migrate down`.
                --   ALTER TABLE app.t:
                --     ACCESS EXCLUSIVE on app.t (0 MB, about 1 rows): less than 100 ms, in which nobody writes into it

                """))
        #expect(
            plan.contains(
                """
                --   No way back but a backup: it does not say how.
                --   CREATE INDEX CONCURRENTLY t_a ON app.t (a):
                --     SHARE UPDATE EXCLUSIVE on app.t (0 MB, about 1 rows): about 1 s, beside running work

                """))
    }

    @Test func `psql runs the plan and comes to the same`() async throws {
        var connection = try await database.connect()
        try await runWithPsql(migrator.plan(&connection))
        let status = try await migrator.verify(&connection)
        #expect(status.entries.map(\.state) == [.applied, .applied, .applied, .applied])
        #expect(status.current.map(\.state) == [.applied, .applied])
        let plan = try await migrator.plan(&connection)
        #expect(plan == "-- The schema is at version 4: nothing to do.\n")
    }

    @Test func `psql finishes what was interrupted`() async throws {
        var connection = try await database.connect()
        try await migrator.up(&connection)
        try await connection.execute(
            """
            UPDATE app.schema_migrations SET duration_ms = NULL WHERE version > 1;
            DELETE FROM app.schema_migrations WHERE version = 4; DROP INDEX app.u_a;
            INSERT INTO app.schema_current VALUES ('current/gone.sql', '', 1)
            """)
        try await connection.execute("UPDATE app.schema_migrations SET duration_ms = 1 WHERE version = 2")
        try await runWithPsql(migrator.plan(&connection))
        #expect(try await migrator.verify(&connection).version == 4)
        #expect(try await validity("u_a", &connection) == ["true"])
        #expect(try await migrator.status(&connection).current.count == 2)
    }

    private func runWithPsql(_ script: String) async throws {
        let outcome = try await runProgram("psql", ["-Xq", "-f", "-", database.ownerURL], input: script)
        #expect(outcome.status == 0, "\(outcome.text)")
    }
}
