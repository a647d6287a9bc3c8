import NIOCore
import NIOPosix

/// Stands before a server and passes everything on, but loses the answers of the first connections: it closes them
/// when the answer comes, so what was asked has been done.
struct LosingProxy: Sendable {
    typealias Stream = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let port: Int

    static func run<T: Sendable>(
        before server: Int, losing count: Int,
        _ body: @escaping @Sendable (LosingProxy) async throws -> T
    ) async throws -> T {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Stream(wrappingChannelSynchronously: channel) }
            }
        let proxy = LosingProxy(port: listener.channel.localAddress?.port ?? 0)
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await body(proxy) }
            group.addTask {
                try await accept(listener, server, losing: count)
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() { if let value { return value } }
            throw CancellationError()
        }
    }

    private static func accept(
        _ listener: NIOAsyncChannel<Stream, Never>, _ server: Int, losing count: Int
    ) async throws {
        try await listener.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { connections in
                var accepted = 0
                for try await client in clients {
                    let loses = accepted < count
                    accepted += 1
                    connections.addTask { try? await serve(client, server, loses: loses) }
                }
            }
        }
    }

    private static func serve(_ client: Stream, _ server: Int, loses: Bool) async throws {
        let upstream = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: server) { channel in
                channel.eventLoop.makeCompletedFuture { try Stream(wrappingChannelSynchronously: channel) }
            }
        try await client.executeThenClose { questions, toClient in
            try await upstream.executeThenClose { answers, toServer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { for try await part in questions { try await toServer.write(part) } }
                    group.addTask {
                        for try await part in answers {
                            if loses { return }
                            try await toClient.write(part)
                        }
                    }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
        }
    }
}
