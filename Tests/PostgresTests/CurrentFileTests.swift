import Postgres
import Testing

func current(_ concept: String, _ sql: String) -> MigrationFile {
    MigrationFile(name: "current/\(concept).sql", text: sql)
}

@Suite struct CurrentFileTests {
    @Test(arguments: [
        "current/Upper.sql", "current/1.sql", "current/.sql", "current/a.txt", "current/a/b.sql",
    ])
    func `a name of another form is refused`(name: String) {
        let error = #expect(throws: MigrationError.self) {
            try CurrentFile(MigrationFile(name: name, text: ""))
        }
        #expect(error?.description == "\(name) cannot be used: the name must be like current/what_it_is.sql")
    }

    @Test(arguments: ["minimum-binary: 1", "no-transaction", "for-each-partition a.b"])
    func `what belongs into a numbered file is refused`(directive: String) {
        #expect(
            refusal(current("bell", "-- \(directive)"))
                == "current/bell.sql cannot be used: minimum-binary, no-transaction, for-each-partition and "
                + "in-batches belong into a numbered file")
    }

    @Test func `what belongs into a current file is refused in a numbered one`() {
        #expect(
            refusal(file(1, "SELECT 1", "with-every-change"))
                == "0001_m.sql cannot be used: with-every-change belongs into a file of current/")
    }

    @Test func `files come after those that exist, and not after each other`() {
        #expect(
            refusal(current("a", "-- after: b"))
                == "current/a.sql cannot be used: it comes after current/b.sql, which is missing")
        #expect(
            refusal(file(1, "SELECT 1", "after: b"))
                == "0001_m.sql cannot be used: it comes after current/b.sql, which is missing")
        #expect(
            refusal(current("a", "-- after: b"), current("b", "-- after: a"))
                == "current/b.sql cannot be used: it comes after current/a.sql, which comes after it")
        #expect(
            refusal(current("a", "-- after:"))
                == "current/a.sql cannot be used: cannot read the line -- after:")
    }

    private func refusal(_ files: MigrationFile...) -> String? {
        #expect(throws: MigrationError.self) { try Migrator(files, schema: "app") }?.description
    }
}
