import Postgres
import Testing

@Suite struct MigrationTests {
    @Test func `a file's name and directives become a migration`() throws {
        let file = MigrationFile(
            name: "0007_more_speed.sql",
            text: "-- Why this is here.\n--   minimum-binary: 3\nSELECT 1;\n-- minimum-binary: 9")
        let migration = try Migration(file)
        #expect(migration.number == 7)
        #expect(migration.name == "0007_more_speed.sql")
        #expect(migration.minimumBinary == 3)
    }

    @Test(arguments: [
        "1_short.sql", "0001.sql", "0001_.sql", "0001_Upper.sql", "0001_a.txt", "00010_a.sql", "a.sql",
    ])
    func `a name of another form is refused`(name: String) {
        let error = #expect(throws: MigrationError.self) {
            try Migration(MigrationFile(name: name, text: "-- minimum-binary: 1"))
        }
        #expect(error?.description == "\(name) cannot be used: the name must be like 0001_what_it_does.sql")
    }

    @Test(arguments: [
        ("SELECT 1;", "it needs a line -- minimum-binary: with 0 to 2"),
        ("-- minimum-binary: 3", "it needs a line -- minimum-binary: with 0 to 2"),
        ("-- minimum-binary: x", "it needs a line -- minimum-binary: with 0 to 2"),
        ("-- minimum-binary:", "cannot read the line -- minimum-binary:"),
        ("-- no-transaction please", "cannot read the line -- no-transaction please"),
        (
            "-- minimum-binary: 1\n-- no-transaction\n-- for-each-partition a.b",
            "no-transaction, for-each-partition and in-batches exclude each other"
        ),
    ])
    func `directives that are wrong are refused`(text: String, reason: String) {
        expectRefusal(text, reason)
    }

    @Test(arguments: [
        ("VACUUM; ANALYZE", "it must hold exactly one statement, not 2"),
        ("-- nothing", "it must hold exactly one statement, not 0"),
        ("CREATE INDEX i ON s.t (a)", "outside a transaction an index is built CONCURRENTLY"),
        ("CREATE INDEX CONCURRENTLY ON s.t (a)", "the index needs a name"),
        ("CREATE INDEX CONCURRENTLY i ON t (a)", "the table needs its schema before it"),
        ("CREATE INDEX CONCURRENTLY i ON s.t", "the index has no columns"),
        (
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON s.t (a)",
            "IF NOT EXISTS would hide an index that is not valid: leave it out"
        ),
    ])
    func `a file outside a transaction holds one statement`(sql: String, reason: String) {
        expectRefusal("-- no-transaction\n-- minimum-binary: 1\n\(sql)", reason)
    }

    @Test(arguments: [
        "CREATE INDEX i ON s.t (a)", "CREATE INDEX i ON ONLY s.other (a)",
        "CREATE INDEX CONCURRENTLY i ON ONLY s.t (a)", "VACUUM s.t",
    ])
    func `a file for partitions holds an index of the parent alone`(sql: String) {
        expectRefusal(
            "-- for-each-partition s.t\n-- minimum-binary: 1\n\(sql)",
            "it must hold CREATE INDEX name ON ONLY s.t")
    }

    @Test(arguments: [
        "VACUUM (ANALYZE) s.t;",
        "/* a; /* b; */ c; */ VACUUM -- d; e\n;",
        "SELECT 'it''s; one', E'it\\'s; one', \"a;\"\"b\", $$a;b$$, $x$a;$$;b$x$, $1",
        "CREATE UNIQUE INDEX CONCURRENTLY \"I;i\" ON \"s\".T USING btree (lower(a || ';')) WHERE b = $$;$$;",
    ])
    func `semicolons in strings, names and comments end no statement`(sql: String) throws {
        _ = try Migration(
            MigrationFile(name: "0002_x.sql", text: "-- no-transaction\n-- minimum-binary: 1\n\(sql)"))
    }

    @Test func `numbers have no gap and no double`() {
        #expect(
            refusal(1, 3)
                == "0003_x.sql comes where migration 2 is expected: numbers count from 1 without gaps")
        #expect(
            refusal(2) == "0002_x.sql comes where migration 1 is expected: numbers count from 1 without gaps")
        #expect(
            refusal(1, 1)
                == "0001_x.sql comes where migration 2 is expected: numbers count from 1 without gaps")
    }

    @Test func `the oldest program that works never gets older`() {
        let files = [(1, 1), (2, 2), (3, 1)].map { number, minimum in
            MigrationFile(name: "000\(number)_x.sql", text: "-- minimum-binary: \(minimum)")
        }
        let error = #expect(throws: MigrationError.self) { try Migrator(files, schema: "s") }
        #expect(
            error?.description
                == "0003_x.sql lowers minimum-binary below 2, which an earlier migration asks for")
    }

    private func expectRefusal(_ text: String, _ reason: String) {
        let error = #expect(throws: MigrationError.self) {
            try Migration(MigrationFile(name: "0002_x.sql", text: text))
        }
        #expect(error?.description == "0002_x.sql cannot be used: \(reason)")
    }

    private func refusal(_ numbers: Int...) -> String? {
        let files = numbers.map { MigrationFile(name: "000\($0)_x.sql", text: "-- minimum-binary: 1") }
        return #expect(throws: MigrationError.self) { try Migrator(files, schema: "s") }?.description
    }
}
