import Countersign
import Postgres
import Support
import Testing

/// Files that would hold up portals are refused before they are released.
@Suite struct MigrationCheckTests {
    private static let tables = """
        CREATE SCHEMA app;
        CREATE TABLE app.t (id int PRIMARY KEY, a int, b text);
        INSERT INTO app.t SELECT n, n, repeat('x', 50) FROM generate_series(1, 20000) AS n;
        CREATE TABLE app.u (id int PRIMARY KEY, t int, CONSTRAINT u_small CHECK (t IS NOT NULL) NOT VALID);
        INSERT INTO app.u SELECT n, n FROM generate_series(1, 20000) AS n;
        CREATE FUNCTION app.later() RETURNS int LANGUAGE sql VOLATILE RETURN random() * 10;
        """

    private func problems(_ sql: String) async throws -> [String] {
        try await Database.current.arrange(Self.tables)
        let file = MigrationFile(name: "0002_m.sql", text: "-- minimum-binary: 1\n\(sql)")
        return try await MigrationCheck.problems(
            of: file, schema: "app", Database.current.connect())
    }

    @Test(
        .emptyDatabase,
        arguments: [
            ("ALTER TABLE app.t ALTER COLUMN a TYPE bigint", "writes app.t anew"),
            ("ALTER TABLE app.t ADD COLUMN c int DEFAULT app.later()", "writes app.t anew"),
            ("ALTER TABLE app.t ADD COLUMN c int GENERATED ALWAYS AS (a + 1) STORED", "writes app.t anew"),
            ("CREATE INDEX t_a ON app.t (a)", "reads all of app.t"),
            ("ALTER TABLE app.t ADD CONSTRAINT t_once UNIQUE (a)", "reads all of app.t"),
            ("ALTER TABLE app.t ALTER COLUMN a SET NOT NULL", "reads all of app.t"),
            ("ALTER TABLE app.t ADD CONSTRAINT t_a CHECK (a > 0)", "reads all of app.t"),
            (
                "ALTER TABLE app.t ADD CONSTRAINT t_a CHECK (a > 0) NOT VALID; "
                    + "ALTER TABLE app.t VALIDATE CONSTRAINT t_a", "reads all of app.t"
            ),
            ("ALTER TABLE app.u ADD FOREIGN KEY (t) REFERENCES app.t", "reads all of app."),
            ("UPDATE app.t SET a = a + 1", "changes 20000 rows of app.t at once"),
            ("DELETE FROM app.t WHERE id > 10", "changes 19990 rows of app.t at once"),
            ("DO $$ BEGIN ALTER TABLE app.t ADD COLUMN c int; END $$", "locks app.t, which its text"),
        ])
    func `what holds portals up is refused`(sql: String, problem: String) async throws {
        let found = try await problems(sql)
        #expect(found.contains { $0.hasPrefix(problem) }, "\(sql): \(found)")
    }

    @Test(
        .emptyDatabase,
        arguments: [
            "ALTER TABLE app.t ADD COLUMN c int DEFAULT 7 NOT NULL",
            "ALTER TABLE app.t ADD CONSTRAINT t_a CHECK (a > 0) NOT VALID",
            "ALTER TABLE app.u VALIDATE CONSTRAINT u_small",
            "ALTER TABLE app.u ADD FOREIGN KEY (t) REFERENCES app.t NOT VALID",
            "ALTER TABLE app.t ALTER COLUMN b SET STATISTICS 0, ALTER COLUMN a SET STATISTICS 10",
            "CREATE TABLE app.v (id int PRIMARY KEY); CREATE INDEX v_id ON app.v (id); ALTER TABLE app.v ADD x int",
            "DROP TABLE app.u",
            "CREATE POLICY p ON app.t USING (true)",
            "CREATE TRIGGER r BEFORE UPDATE ON app.t FOR EACH ROW EXECUTE FUNCTION "
                + "suppress_redundant_updates_trigger()",
            "CREATE INDEX CONCURRENTLY t_a ON app.t (a)",
            "-- in-batches\nUPDATE app.t SET a = 0 WHERE id IN (SELECT id FROM app.t WHERE a <> 0 LIMIT 5000)",
        ])
    func `what does not is not`(sql: String) async throws {
        #expect(try await problems(sql) == [], "\(sql)")
    }

    /// All numbered files after the first, one after the other, and the current ones as they are.
    @Test(.database) func `no file of the schema holds portals up`() async throws {
        let site = try await Site.make()
        try await site.load(5_000)
        for file in embeddedMigrations where !file.name.hasPrefix("0001_") {
            let found = try await MigrationCheck.problems(of: file, Database.current.connect())
            #expect(found == [], "\(file.name)")
        }
    }
}
