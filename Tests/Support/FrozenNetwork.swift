import Synchronization

/// A network before a server that swallows everything when it is told to, and lets nobody know.
package final class FrozenNetwork: Sendable {
    private let numbers = Mutex((seen: 0, frozen: 0))

    package init() {}

    /// Stands before that port of this machine while the body runs.
    package func run<T: Sendable>(
        before server: Int, _ body: @escaping @Sendable (Proxy) async throws -> T
    ) async throws -> T {
        try await Proxy.run(before: server, { connection, _, _ in self.treat(connection) }, body)
    }

    /// Connections that are there now never carry anything again; new ones do.
    package func freeze() { numbers.withLock { $0.frozen = $0.seen } }

    private func treat(_ connection: Int) -> Proxy.Treatment {
        numbers.withLock { numbers in
            numbers.seen = max(numbers.seen, connection + 1)
            return connection < numbers.frozen ? .swallow : .pass
        }
    }
}
