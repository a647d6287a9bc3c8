import Operations
import Postgres
import Support
import Testing

/// Sessions of the operations server of which nothing more can be had. It comes back by itself, within 15 s.
@Suite(.database) struct SessionLossTests {
    private static let bound = Duration.seconds(15)

    @Test func `a server whose connections fall silent goes on by others`() async throws {
        let network = FrozenNetwork()
        try await network.run(before: Database.current.port) { proxy in
            try await withOperations(Database.current.options(port: proxy.port)) { browser in
                async let second = browser.get("/readyz")
                #expect(try await browser.get("/readyz").status == 200)
                let ready = try await second.status
                #expect(ready == 200)
                network.freeze()
                let begun = ContinuousClock.now
                try await eventually("it is ready") { try await browser.get("/readyz").status == 200 }
                let metrics = try await browser.get("/metrics")
                #expect(metrics.body.contains("countersign_database_up 1"))
                #expect(begun.duration(to: .now) < Self.bound)
            }
        }
    }

    /// It reads only, so that no statement of its own fails in such a session.
    @Test func `a server whose sessions cannot write comes back when they can`() async throws {
        let name = Database.current.name
        try await withOperations { browser in
            // A session that begins later could not change it back.
            var superuser = try await Database.current.connectAsSuperuser()
            try await superuser.execute(
                "ALTER DATABASE \(name) SET default_transaction_read_only = on")
            let ill = try await browser.get("/readyz")
            #expect(ill.status == 503 && ill.body.contains("read-only"), "\(ill.body)")
            try await superuser.execute(
                "ALTER DATABASE \(name) RESET default_transaction_read_only")
            let well = try await browser.get("/readyz")
            #expect(well.status == 200, "\(well.body)")
        }
    }
}
