import Countersign
import Engine
import Postgres
import Support
import Testing

/// Sessions in which nothing can be written, as a failover or an administrator leaves them behind.
@Suite(.database) struct ReadOnlyTests {
    /// With `any` the session is opened and found out by its first statement, as behind a pooler.
    @Test(arguments: ["", "target_session_attrs=any"])
    func `a worker leaves sessions that cannot write, and comes back`(query: String) async throws {
        let site = try await Site.make()
        let name = Database.current.name
        var portal = try await site.portal()
        var superuser = try await Database.current.connectAsSuperuser()
        try await withWorker(options: Database.current.options(query: query)) { worker in
            try await portal.waitUntilIssued(try await portal.request())
            try await superuser.execute("ALTER DATABASE \(name) SET default_transaction_read_only = on")
            try await superuser.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = '\(name)' AND application_name LIKE 'countersign %'
                """)
            for stage in ["issue", "validate", "expire", "housekeep"] {
                try await eventually("\(stage) says that it is read-only") {
                    LogCapture.current.lines.contains {
                        $0.contains("stage=\(stage)") && $0.contains("read-only")
                            && $0.contains("trying again")
                    }
                }
            }
            let waiting = try await portal.request()
            try await superuser.execute("ALTER DATABASE \(name) RESET default_transaction_read_only")
            try await portal.waitUntilIssued(waiting)
            try await Database.current.makeDue(waiting)
            try await eventually("it expires") { try await portal.status(waiting) == "expired" }
        }
    }
}
