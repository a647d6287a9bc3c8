import Countersign
import Postgres
import Support
import Testing

/// The table of locks is the whole server's, and anybody can fill it. Sixteen locks on tables a session holds elsewhere, up to
/// PostgreSQL 17; an insert has nineteen since requests are looked for by their reference and counted by their source.
@Suite(.database) struct InsertLockTests {
    @Test func `an insert takes five places in the shared table of locks, three of them for relations`()
        async throws
    {
        // On a server of its own: while somebody has locked a table for himself, tables that share its place in a hash of
        // 1,024 are in the shared table, too; and who makes databases and roles has everybody plan again, which looks at
        // every index.
        try await ScratchServer.run { server in
            try await server.execute(
                """
                CREATE ROLE x LOGIN IN ROLE countersign_portal;
                INSERT INTO countersign.portals (login, name, display_name, signing_secret) VALUES ('x', 'acme', 'Acme', '');
                INSERT INTO countersign.auth_types (name) VALUES ('qr-code');
                INSERT INTO countersign.auth_type_messages VALUES ('qr-code', 'en', 'Sign in');
                INSERT INTO countersign.callback_urls (portal_id, url) VALUES (1, '\(Site.callback)');
                """)
            var portal = try await Connection.open(server.options(user: "x"))
            let shared = """
                SELECT locktype FROM pg_locks WHERE pid = \(portal.processID) AND NOT fastpath ORDER BY locktype
                """
            var superuser = try await Connection.open(server.options)
            // The first ones of a session plan.
            try await eventually("it takes no more") {
                try await portal.execute("BEGIN")
                _ = try await portal.request()
                let found = try await superuser.execute(shared).map { try $0.text(0) }
                try await portal.execute("ROLLBACK")
                return found.filter { $0 != "relation" } == ["advisory", "transactionid"] && found.count <= 5
            }
        }
    }

    /// A plan that has all days in it locks each of them whenever it runs.
    @Test func `inserts lock the tables of today, however many days are kept`() async throws {
        let site = try await Site.make()
        try await Database.current.arrange(
            """
            SELECT countersign.create_partition(name, current_date + ahead)
            FROM unnest(ARRAY['auth_requests', 'submissions']) AS name, generate_series(20, 50) AS ahead
            """)
        var app = try await site.app()
        var portal = try await site.portal()
        let given: [Parameter] = [.text(Identifier.random().description), .text(Code.invented()), "accept"]
        _ = try await app.run(SQL.submit, given)
        _ = try await portal.request()
        try await app.execute("BEGIN")
        try await portal.execute("BEGIN")
        _ = try await app.run(SQL.submit, given)
        _ = try await portal.request()
        for process in [app.processID, portal.processID] {
            let days = try await Database.current.count(
                """
                SELECT count(DISTINCT l.relation) FROM pg_locks l JOIN pg_inherits i ON i.inhrelid = l.relation
                JOIN pg_class c ON c.oid = l.relation AND c.relkind = 'r' WHERE l.pid = \(process)
                """)
            #expect(days < 10)
        }
    }
}
