import NIOCore
import NIOPosix
import Synchronization
import Testing

/// One TCP connection to the server.
package final class RawConnection: Sendable {
    private let received = Mutex<(text: String, isClosed: Bool)>(("", false))
    private let news = Signal()
    private let channel = Mutex<(any Channel)?>(nil)

    /// - Parameters:
    ///   - source: an address of this machine that it comes from, such as `127.0.0.2`.
    ///   - reads: false takes nothing of what the server writes.
    package static func open(
        _ port: Int, of host: String = "127.0.0.1", from source: String = "127.0.0.1", reads: Bool = true
    ) async throws -> RawConnection {
        let connection = RawConnection()
        let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(to: SocketAddress(ipAddress: source, port: 0))
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(connection))
                }
            }
            .connect(host: host, port: port).get()
        connection.channel.withLock { $0 = channel }
        return connection
    }

    package func send(_ text: String) async throws {
        let channel = channel.withLock(\.self)
        try await channel?.writeAndFlush(ByteBuffer(string: text))
    }

    /// The next answer, whole, or what came of it before the end. Text after it is kept.
    package func answer() async throws -> RawHTTP.Answer {
        while true {
            let seen = news.count
            if let answer = take() { return answer }
            try await news.wait(for: seen + 1, timeout: .seconds(90))
        }
    }

    /// What comes until that text has come, or the end.
    package func text(until end: String) async throws -> String { try await text { $0.contains(end) } }

    /// What comes until it is enough, or the end.
    package func text(until isEnough: (String) -> Bool) async throws -> String {
        while true {
            let seen = news.count
            let (text, isClosed) = received.withLock { ($0.text, $0.isClosed) }
            if isClosed || isEnough(text) { return text }
            try await news.wait(for: seen + 1, timeout: .seconds(90))
        }
    }

    /// Waits for the end, and returns what came before.
    package func rest() async throws -> String { try await text(until: "\u{0}") }

    package func close() async { try? await channel.withLock(\.self)?.close() }

    private func take() -> RawHTTP.Answer? {
        received.withLock { state in
            let answer = RawHTTP.Answer(text: state.text)
            let length = answer.status == 204 ? 0 : answer.header("content-length").flatMap { Int($0) }
            if let length, state.text.contains("\r\n\r\n"), answer.body.utf8.count >= length {
                let end = answer.head.utf8.count + 4 + length
                defer { state.text = String(decoding: state.text.utf8.dropFirst(end), as: UTF8.self) }
                return RawHTTP.Answer(text: String(decoding: state.text.utf8.prefix(end), as: UTF8.self))
            }
            return state.isClosed ? answer : nil
        }
    }

    fileprivate func take(_ text: String, isClosed: Bool) {
        received.withLock { state in
            state.text += text
            state.isClosed = isClosed
        }
        news.fire()
    }
}

private final class Collector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let connection: RawConnection

    init(_ connection: RawConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.take(String(buffer: unwrapInboundIn(data)), isClosed: false)
    }

    func channelInactive(context: ChannelHandlerContext) { connection.take("", isClosed: true) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
