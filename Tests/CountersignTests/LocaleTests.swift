import Countersign
import Postgres
import Support
import Testing

/// What the database's own locale may not change.
@Suite struct LocaleTests {
    @Test(.database) func `no index is in the order of a locale`() async throws {
        var owner = try await Database.current.connect()
        let indexes = try await owner.execute(
            """
            SELECT x.indexrelid::regclass::text FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
            WHERE c.relnamespace = 'countersign'::regnamespace AND EXISTS (
                SELECT FROM unnest(x.indcollation::oid[]) AS used (id) WHERE used.id = 'default'::regcollation)
            """)
        #expect(try indexes.map { try $0.text(0) } == [])
    }

    /// Letters change into others by the locale of their text, unless that is C.
    @Test func `nothing is put into capitals or small letters by a locale`() {
        for file in embeddedMigrations {
            for line in file.text.split(separator: "\n")
            where !line.drop(while: { $0 == " " }).hasPrefix("--") {
                let changes = ["lower(", "upper(", "initcap(", " ILIKE ", "~*"].contains { line.contains($0) }
                #expect(!changes || line.contains("COLLATE \"C\""), "\(file.name): \(line)")
            }
        }
    }

    @Test(
        .enabled("this server was built without ICU", { try await Database.serverHasICU() }),
        .emptyDatabase("LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C.UTF-8' ENCODING 'UTF8'"))
    func `a database of Turkish locale signs in and is as any other`() async throws {
        var owner = try await Database.current.connect()
        #expect(try await owner.execute("SELECT lower('I') <> 'i'")[0].bool(0))
        try await Program.migrator().up(&owner)
        let site = try await Site.make("iris")
        try await withWorkerLogin { _ in
            var portal = try await site.portal()
            var app = try await site.app()
            let enrollment = try await app.enroll("IRIS")
            let (transaction, code) = try await portal.issued()
            #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
            #expect(try await portal.status(transaction) == "authenticated")
        }
        try await owner.execute(
            """
            INSERT INTO countersign.dispatch_queue (transaction_id, due_at, occurred_at, portal_id, request_status,
                callback_uri)
            SELECT gen_random_uuid(), now(), now(), 1, 'denied', 'https://WIKI.example/I'
            """)
        let origin = try await owner.execute(
            "SELECT origin FROM countersign.dispatch_queue WHERE callback_uri LIKE '%WIKI%'")
        #expect(try origin[0].text(0) == "https://wiki.example")
        let types = try await owner.execute(
            """
            INSERT INTO countersign.auth_types (name) VALUES ('Zz'), ('aa'), ('I'), ('i');
            SELECT name FROM countersign.auth_types WHERE name IN ('Zz', 'aa', 'I', 'i') ORDER BY name
            """)
        #expect(try types.map { try $0.text(0) } == ["I", "Zz", "aa", "i"])
    }
}
