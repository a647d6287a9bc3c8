import Administration
import Postgres
import Support
import Testing

/// The console's and the probes' exchanges have ids and lines as those of the gateway.
@Suite(.database) struct RequestLogTests {
    private func lines(_ parts: String...) -> [String] {
        LogCapture.current.lines.filter { line in parts.allSatisfy { line.contains($0) } }
    }

    @Test func `an exchange is a line with its id, its template and its operator`() async throws {
        var owner = try await Database.current.connect()
        let password = try await ConsoleAccount.add("olga", .admin, &owner)
        try await withOperations { browser in
            let wrong = try await browser.post("/console/login", [("name", "olga"), ("password", "no")])
            let refused = try #require(wrong.header("x-request-id"))
            #expect(lines("warning operations: console sign-in refused", "request_id=\(refused)").count == 1)
            #expect(
                lines("info operations: request finished", "request_id=\(refused)", "status=401", " ms=")
                    .count == 1)
            var signedIn = browser
            let entry = try await browser.post("/console/login", [("name", "olga"), ("password", password)])
            signedIn.cookie = try #require(entry.header("set-cookie")).split(separator: ";").first.map(
                String.init)
            let page = try await signedIn.get(
                "/console/requests?id=walter", headers: [("X-Request-Id", "page-1")])
            #expect(page.header("x-request-id") == "page-1")
            #expect(
                lines(
                    "request finished", "request_id=page-1", "route=/console/{page}", "operator=olga",
                    "status=200"
                )
                .count == 1)
            #expect(try await browser.get("/walter").header("x-request-id") != nil)
            #expect(lines("info operations: request finished", "route=-", "status=404").count == 1)
            #expect(lines("walter") == [] && lines(password) == [])
        }
    }

    /// What machines ask for every few seconds buries nothing.
    @Test func `a probe that is answered is told at debug`() async throws {
        try await withOperations { browser in
            for path in ["/healthz", "/metrics", "/readyz"] {
                #expect(try await browser.get(path).header("x-request-id") != nil)
                #expect(lines("debug operations: request finished", "route=\(path)", "status=200").count == 1)
            }
            var owner = try await Database.current.connect()
            try await owner.execute("UPDATE countersign.schema_migrations SET minimum_binary = 99")
            #expect(try await browser.get("/readyz").status == 503)
            #expect(lines("info operations: request finished", "route=/readyz", "status=503").count == 1)
        }
    }
}
