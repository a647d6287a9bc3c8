import NIOCore
import NIOPosix
import Synchronization

/// Stands before a server of this machine and decides, part by part, what becomes of what passes.
///
/// It works on a thread of its own: where tests take all threads of Swift's pool, connections that pass still do so in time.
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
    package typealias Rule = @Sendable (_ connection: Int, Direction, _ text: () -> String) -> Treatment

    package let port: Int

    /// Listens on a free port while the body runs.
    package static func run<T: Sendable>(
        before server: Int, _ rule: @escaping Rule, _ body: (Proxy) async throws -> T
    ) async throws -> T {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let accepted = Mutex(0)
        let result: Result<T, any Error>
        do {
            let listener = try await ServerBootstrap(group: group)
                .childChannelInitializer { client in
                    let number = accepted.withLock { count in
                        defer { count += 1 }
                        return count
                    }
                    return join(client, to: server) { rule(number, $0, $1) }
                }
                .bind(host: "127.0.0.1", port: 0).get()
            result = .success(try await body(Proxy(port: listener.localAddress?.port ?? 0)))
        } catch {
            result = .failure(error)
        }
        // Closes every connection, too.
        try await group.shutdownGracefully()
        return try result.get()
    }

    private static func join(
        _ client: any Channel, to server: Int,
        _ rule: @escaping @Sendable (Direction, () -> String) -> Treatment
    ) -> EventLoopFuture<Void> {
        ClientBootstrap(group: client.eventLoop)
            .channelInitializer { upstream in
                upstream.eventLoop.makeCompletedFuture {
                    try upstream.pipeline.syncOperations.addHandler(Relay(to: client) { rule(.toClient, $0) })
                }
            }
            .connect(host: "127.0.0.1", port: server)
            .flatMapThrowing { upstream in
                try client.pipeline.syncOperations.addHandler(Relay(to: upstream) { rule(.toServer, $0) })
            }
    }
}

/// Hands on what one side of a connection sends.
private final class Relay: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let treatment: (() -> String) -> Proxy.Treatment

    init(to other: any Channel, _ treatment: @escaping (() -> String) -> Proxy.Treatment) {
        (self.other, self.treatment) = (other, treatment)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch treatment({ String(buffer: part) }) {
        case .pass: other.writeAndFlush(part, promise: nil)
        case .swallow: break
        case .close: context.close(promise: nil)
        }
    }

    /// What the other side takes no more is left with the sender.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        other.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
