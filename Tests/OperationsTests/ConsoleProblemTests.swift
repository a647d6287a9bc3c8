import Administration
import Countersign
import Operations
import Postgres
import Support
import Testing

/// What goes wrong is a page that leads on.
@Suite(.database) struct ConsoleProblemTests {
    @Test func `what is not there, not allowed or not readable leads on`() async throws {
        try await withOperations { browser in
            let viewer = try await SignedIn(browser, as: .viewer)
            for (path, status, title) in [
                ("nowhere", 404, "Not found"), ("users", 403, "Not allowed"),
                ("requests?portal=a&portal=b", 400, "That cannot be read"),
            ] {
                let answer = try await viewer.browser.get("/console/\(path)")
                #expect(answer.status == status && answer.body.contains(title), "\(path)")
                #expect(answer.body.contains("href=\"/console/requests\""), "\(path)")
                #expect(answer.header("content-security-policy")?.hasPrefix("default-src 'none'") == true)
                #expect(answer.header("content-type")?.hasPrefix("text/html") == true)
            }
        }
    }

    @Test func `a lost database is told, with what to do and the way back`() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        try await withOperations { browser in
            let console = try await SignedIn(browser)
            let name = try await superuser.execute("SELECT current_database()")[0].text(0)
            try await superuser.execute("ALTER DATABASE \(name) CONNECTION LIMIT 0")
            try await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            let lost = try await console.browser.get("/console/requests?state=open")
            try await superuser.execute("ALTER DATABASE \(name) CONNECTION LIMIT -1")
            #expect(lost.status == 503 && lost.body.contains("The database does not answer"))
            #expect(lost.body.contains("href=\"/console/requests?state=open\">Try again<"))
            #expect(lost.body.contains("countersign doctor"))
            #expect(try await console.browser.get("/console/requests?state=open").status == 200)
        }
    }
}
