import Postgres
import Support
import Testing

/// The table of locks is the whole server's, and anybody can fill it. Sixteen locks on tables a session holds elsewhere.
@Suite(.database) struct InsertLockTests {
    @Test func `an insert takes two places in the shared table of locks, its transaction's and the bell's`()
        async throws
    {
        let site = try await Site.make()
        var portal = try await site.portal()
        let process = try await portal.execute("SELECT pg_backend_pid()")[0].int(0)
        // The first ones of a session plan, and planning looks at every index.
        for _ in 0..<3 { _ = try await portal.request() }
        try await portal.execute("BEGIN")
        _ = try await portal.request()
        let shared = """
            SELECT locktype FROM pg_locks WHERE pid = \(process) AND NOT fastpath ORDER BY locktype
            """
        var superuser = try await Database.current.connectAsSuperuser()
        #expect(try await superuser.execute(shared).map { try $0.text(0) } == ["advisory", "transactionid"])
        try await portal.execute("COMMIT")
    }
}
