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

    /// Without way being made for it, there was always one of those who wait that had locked the table.
    @Test func `it gets through while portals wait for codes and one idles in a transaction`() async throws {
        let site = try await Site.make()
        var idle = try await site.portal()
        try await idle.execute("BEGIN; SELECT count(*) FROM countersign.auth_results")
        let idler = Int(idle.processID)
        let (waiting, seen, done) = (Signal(), Signal(), Signal())
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    var portal = try await site.portal()
                    let transaction = try await portal.request()
                    waiting.fire()
                    while done.count == 0 { _ = try await portal.run(SQL.await_, [.identifier(transaction)]) }
                }
            }
            try await waiting.wait(for: 8)
            group.addTask {
                var owner = try await Database.current.connect()
                try await Program.migrator(embeddedMigrations + later.prefix(1)).up(&owner) { progress in
                    guard case .retrying(_, _, let blockers, _) = progress else { return }
                    if blockers.contains(where: { $0.processID == idler }) { seen.fire() }
                }
                done.fire()
            }
            try await seen.wait()
            try await idle.execute("COMMIT")
            try await group.waitForAll()
        }
        #expect(
            try await Database.current.count("SELECT max(version) FROM countersign.schema_migrations")
                == Program.number + 1)
    }

    @Test func `a worker that is too old for the new schema goes first, if it is told to`() async throws {
        let file = MigrationFile(
            name: Self.number(1) + "_later.sql", text: "-- minimum-binary: \(Program.number + 1)\nSELECT 1;")
        let migrator = try Program.migrator(embeddedMigrations + [file])
        try await withWorker { worker in
            try await Database.current.wait(until: "SELECT count(*) FROM countersign.workers", is: 1)
            var owner = try await Database.current.connect()
            let refusal = await #expect(throws: AdministrationError.self) {
                try await OutdatedWorkers.makeWay(for: migrator, drains: false, &owner) { _ in }
            }
            #expect(refusal.map { "\($0)" }?.contains("program \(Program.number + 1) or newer") == true)
            #expect(!worker.context.drain.isSet)
            var told: [String] = []
            try await OutdatedWorkers.makeWay(for: migrator, drains: true, &owner) { told.append($0) }
            #expect(told.count == 1 && worker.context.drain.isSet)
            try await migrator.up(&owner)
        }
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
