import Countersign
import Engine
import Postgres
import Support
import Synchronization
import Testing

/// A network that swallows everything, and lets nobody know.
@Suite(.database) struct FrozenConnectionTests {
    /// Connections that were there at the last `freeze` never carry anything again; new ones do.
    private final class Network: Sendable {
        private let numbers = Mutex((seen: 0, frozen: 0))

        func treat(_ connection: Int) -> Proxy.Treatment {
            numbers.withLock { numbers in
                numbers.seen = max(numbers.seen, connection + 1)
                return connection < numbers.frozen ? .swallow : .pass
            }
        }

        func freeze() { numbers.withLock { $0.frozen = $0.seen } }
    }

    @Test func `a worker whose connections fall silent goes on by others`() async throws {
        let site = try await Site.make()
        let network = Network()
        try await Proxy.run(before: Database.current.port) { connection, _ in
            network.treat(connection)
        } _: { proxy in
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
