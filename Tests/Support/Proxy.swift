import NIOCore
import NIOPosix

/// Stands before a server of this machine and decides, part by part, what becomes of what passes.
package struct Proxy: Sendable {
    package enum Direction: Sendable { case toServer, toClient }

    package enum Treatment: Sendable {
        case pass
        /// Takes it, so that the sender has it acknowledged, and lets it go. Nobody hears of it.
        case swallow
        /// Closes the connection instead.
        case close
    }

    /// What becomes of the next part of the connection with that number, counted from 0.
    package typealias Rule = @Sendable (_ connection: Int, Direction) -> Treatment

    private typealias Stream = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    package let port: Int

    /// Listens on a free port while the body runs.
    package static func run<T: Sendable>(
        before server: Int, _ rule: @escaping Rule, _ body: @escaping @Sendable (Proxy) async throws -> T
    ) async throws -> T {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Stream(wrappingChannelSynchronously: channel) }
            }
        let proxy = Proxy(port: listener.channel.localAddress?.port ?? 0)
        return try await withThrowingTaskGroup(of: T?.self) { group in
            group.addTask { try await body(proxy) }
            group.addTask {
                try await accept(listener, server, rule)
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() { if let value { return value } }
            throw CancellationError()
        }
    }

    private static func accept(
        _ listener: NIOAsyncChannel<Stream, Never>, _ server: Int, _ rule: @escaping Rule
    ) async throws {
        try await listener.executeThenClose { clients in
            try await withThrowingDiscardingTaskGroup { connections in
                var accepted = 0
                for try await client in clients {
                    let number = accepted
                    accepted += 1
                    connections.addTask { try? await serve(client, server) { rule(number, $0) } }
                }
            }
        }
    }

    private static func serve(
        _ client: Stream, _ server: Int, _ rule: @escaping @Sendable (Direction) -> Treatment
    ) async throws {
        let upstream = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: server) { channel in
                channel.eventLoop.makeCompletedFuture { try Stream(wrappingChannelSynchronously: channel) }
            }
        try await client.executeThenClose { questions, toClient in
            try await upstream.executeThenClose { answers, toServer in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await pump(questions, toServer) { rule(.toServer) } }
                    group.addTask { try await pump(answers, toClient) { rule(.toClient) } }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
        }
    }

    private static func pump(
        _ source: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ target: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ rule: () -> Treatment
    ) async throws {
        for try await part in source {
            switch rule() {
            case .pass: try await target.write(part)
            case .swallow: continue
            case .close: return
            }
        }
    }
}
