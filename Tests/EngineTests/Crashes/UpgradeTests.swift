import Administration
import Countersign
import Engine
import Postgres
import Support
import Testing

/// Upgrading while everything runs: migrate first, programs later.
@Suite(.database) struct UpgradeTests {
    private static func number(_ further: Int) -> String {
        let digits = String(Program.number + further)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    private let later = [
        MigrationFile(
            name: Self.number(1) + "_note.sql",
            text: """
                -- A column and a table that the running program knows nothing of.
                -- minimum-binary: \(Program.number)
                ALTER TABLE countersign.auth_requests ADD COLUMN note text;
                ALTER TABLE countersign.issue_queue ADD COLUMN note text;
                CREATE TABLE countersign.notes (note text);
                """),
        MigrationFile(
            name: Self.number(2) + "_index.sql",
            text: """
                -- for-each-partition countersign.auth_requests
                -- minimum-binary: \(Program.number)
                CREATE INDEX auth_requests_note ON ONLY countersign.auth_requests (note);
                """),
    ]

    /// The newer program's functions.
    private let changed = "current/request_ends.sql"
    private var newer: [MigrationFile] {
        embeddedMigrations.map { file in
            guard file.name == changed else { return file }
            return MigrationFile(name: file.name, text: file.text + "\n-- As a newer program has it.\n")
        } + later
    }

    @Test func `migrations run under a running worker`() async throws {
        let site = try await Site.make()
        try await withWorker { worker in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("alice")
            let migrating = Task {
                var owner = try await Database.current.connect()
                try await Program.migrator(newer).up(&owner)
            }
            var signIns = 0
            while signIns < 30 {
                let transaction = try await portal.request()
                let code = try await portal.code(transaction)
                #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
                #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
                signIns += 1
            }
            try await migrating.value
            let transaction = try await portal.request()
            let code = try await portal.code(transaction)
            #expect(try await app.submit(enrollment, code, "deny").result == "accepted")
            #expect(!worker.context.drain.isSet)
        }
        #expect(
            try await Database.current.count("SELECT max(version) FROM countersign.schema_migrations")
                == Program.number + 2)

        var owner = try await Database.current.connect()
        try await Program.migrator().up(&owner)
        let writer = "SELECT program FROM countersign.schema_current WHERE name = '\(changed)'"
        #expect(
            try await Database.current.count(writer) == Program.number + 2, "the older program wrote over it")
    }
}
