import Postgres
import Testing

@Suite struct SchemaSourceTests {
    private let source = SchemaSource([
        MigrationFile(
            name: "0001_first.sql",
            text: """
                -- minimum-binary: 1

                -- Not about the table.

                -- One row a thing.
                CREATE TABLE app.things (a int, "B" text);
                -- Finds them.
                CREATE UNIQUE INDEX things_a ON app.things (a);
                ALTER TABLE app.things ENABLE ROW LEVEL SECURITY;
                INSERT INTO app.things VALUES (1, ';');
                CREATE DOMAIN app.state AS text;
                """),
        MigrationFile(
            name: "current/count.sql",
            text: """
                -- Counts.
                CREATE OR REPLACE FUNCTION app.count_things(from_a int) RETURNS bigint
                LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM app.things); END $$;
                COMMENT ON FUNCTION app.count_things(int) IS 'How many.';
                CREATE OR REPLACE VIEW app.all_things AS SELECT a FROM app.things;
                COMMENT ON COLUMN app.all_things.a IS 'Which.';
                -- The same for others.
                DO $$
                -- makes function app.count_others
                BEGIN EXECUTE replace(pg_get_functiondef('app.count_things'::regproc), 'things', 'others'); END $$;
                """),
        MigrationFile(
            name: "current/rules.sql",
            text: """
                DROP POLICY IF EXISTS readers ON app.things;
                CREATE POLICY readers ON app.things FOR SELECT USING (true);
                CREATE OR REPLACE TRIGGER look BEFORE INSERT OR UPDATE OF a ON app.things
                    FOR EACH ROW EXECUTE FUNCTION app.look();
                ALTER TABLE app.things ENABLE ALWAYS TRIGGER look;
                GRANT SELECT ON app.things TO CURRENT_USER;
                """),
    ])

    @Test func `statements are sorted by what they are about`() {
        #expect(
            source.parts.map { "\($0.file) \($0.object.kind) \($0.object.name)" } == [
                "0001_first.sql table things", "0001_first.sql index things.things_a",
                "0001_first.sql type state",
                "current/count.sql function count_things", "current/count.sql view all_things",
                "current/count.sql function count_others",
                "current/rules.sql policy things.readers", "current/rules.sql trigger things.look",
            ])
    }

    @Test func `a body of the standard's form is printed to its end`() {
        let text = """
            CREATE FUNCTION app.size(a int) RETURNS TABLE (b text) LANGUAGE sql
            BEGIN ATOMIC
                SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 'end' END ELSE ';' END;
                SELECT 'case';
            END
            """
        let file = MigrationFile(
            name: "current/size.sql", text: text + ";\nCREATE TABLE app.begin (atomic int);")
        let source = SchemaSource([file])
        #expect(source.parts.map(\.object.name) == ["size", "begin"])
        #expect(source.find("size").map(\.sql) == [text + ";\n"])
    }

    @Test func `an object is printed whole, with the comment above it`() {
        #expect(
            source.find("things").map(\.sql) == [
                """
                -- One row a thing.
                CREATE TABLE app.things (a int, "B" text);

                ALTER TABLE app.things ENABLE ROW LEVEL SECURITY;

                """
            ])
        #expect(
            source.find("look").map(\.sql) == [
                """
                CREATE OR REPLACE TRIGGER look BEFORE INSERT OR UPDATE OF a ON app.things
                    FOR EACH ROW EXECUTE FUNCTION app.look();

                ALTER TABLE app.things ENABLE ALWAYS TRIGGER look;

                """
            ])
    }

    @Test(arguments: [
        ("count_things", "count_things"), ("countersign.count_things(int)", "count_things"),
        ("COUNT_THINGS", "count_things"), ("count_others", "count_others"),
        ("things.a", "things"),
        ("things.things_pkey", "things"), ("things_a_seq", "things"), ("things.readers", "things.readers"),
        ("things_a", "things.things_a"), ("all_things.a", "all_things"),
    ])
    func `an object is found`(given: String, name: String) {
        #expect(source.find(given).map(\.object.name) == [name])
    }

    @Test(arguments: ["rules", "current/rules", "current/rules.sql"]) func `so is a file`(given: String) {
        #expect(source.find(given).map(\.sql.count) == [source.find("current/rules.sql")[0].sql.count])
        #expect(source.find(given)[0].sql.contains("GRANT SELECT"))
    }

    @Test(arguments: ["", ".", "thing", "things.c", "other.a", "()", "_seq"])
    func `what is none is not found`(given: String) {
        #expect(source.find(given) == [])
    }

    @Test func `names that are alike are suggested`() {
        #expect(source.suggestions(for: "count_thing") == ["count_things"])
        #expect(source.suggestions(for: "think") == ["things"])
        #expect(source.suggestions(for: "entirely_else") == [])
    }
}
