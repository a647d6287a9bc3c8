import Countersign
import Engine
import Postgres
import Support
import Testing

/// A network that swallows everything, and lets nobody know.
@Suite(.database) struct FrozenConnectionTests {
    @Test func `a worker whose connections fall silent goes on by others`() async throws {
        let site = try await Site.make()
        let network = FrozenNetwork()
        try await network.run(before: Database.current.port) { proxy in
            try await withWorker(options: Database.current.options(port: proxy.port)) { _ in
                var portal = try await site.portal()
                var app = try await site.app()
                let enrollment = try await app.enroll("alice")
                try await portal.waitUntilIssued(try await portal.request())
                network.freeze()
                let transaction = try await portal.request()
                try await portal.waitUntilIssued(transaction)
                let code = try #require(try await portal.collect(transaction))
                #expect(try await app.submit(enrollment, code, "accept").result == "accepted")
                let expiring = try await portal.request()
                try await portal.waitUntilIssued(expiring)
                try await Database.current.makeDue(expiring)
                try await eventually("it expires") { try await portal.status(expiring) == "expired" }
            }
        }
    }
}
