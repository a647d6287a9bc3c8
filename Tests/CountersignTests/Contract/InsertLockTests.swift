import Countersign
import Postgres
import Support
import Testing

/// The table of locks is the whole server's, and anybody can fill it. Sixteen locks on tables a session holds elsewhere, up to
/// PostgreSQL 17; an insert has seventeen since requests are looked for by their reference.
@Suite(.database) struct InsertLockTests {
    @Test
    func
        `an insert takes three places in the shared table of locks: its transaction's, the bell's, one index's`()
        async throws
    {
        let site = try await Site.make()
        var portal = try await site.portal()
        let process = try await portal.execute("SELECT pg_backend_pid()")[0].int(0)
        let shared = """
            SELECT locktype FROM pg_locks WHERE pid = \(process) AND NOT fastpath ORDER BY locktype
            """
        var superuser = try await Database.current.connectAsSuperuser()
        // The first ones of a session plan, and planning looks at every index. And while somebody on the server has locked a
        // table for himself, tables that share its place in a hash of 1,024 are in the shared table, too.
        try await eventually("it takes no more") {
            try await portal.execute("BEGIN")
            _ = try await portal.request()
            let found = try await superuser.execute(shared).map { try $0.text(0) }
            try await portal.execute("ROLLBACK")
            return found.filter { $0 != "relation" } == ["advisory", "transactionid"] && found.count <= 3
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
