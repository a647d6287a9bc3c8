import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A portal's web server on a free port of 127.0.0.1: remembers what it was sent and answers as told.
final class Receiver: Sendable {
    struct Received: Sendable {
        let path: String
        let headers: HTTPHeaders
        let body: [UInt8]
    }

    /// An answer to the nth request (from 0).
    enum Answer: Sendable {
        case status(Int, headers: [String: String] = [:], body: String = "")
        /// Head and some bytes, then nothing more.
        case drip
        /// Closes the connection without an answer.
        case cut
        /// No answer at all.
        case silence
    }

    private let state = Mutex<(received: [Received], waiters: [(Int, CheckedContinuation<Void, Never>)])>(
        ([], []))
    private let answer: @Sendable (Int, Received) -> Answer
    private let channel = Mutex<(any Channel)?>(nil)

    private init(_ answer: @escaping @Sendable (Int, Received) -> Answer) { self.answer = answer }

    var received: [Received] { state.withLock(\.received) }
    var address: String { "http://127.0.0.1:\(channel.withLock { $0?.localAddress?.port ?? 0 })" }

    /// Listens while the body runs.
    static func run<T>(
        answering answer: @escaping @Sendable (Int, Received) -> Answer, _ body: (Receiver) async throws -> T
    ) async throws -> T {
        let receiver = Receiver(answer)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(receiver))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        receiver.channel.withLock { $0 = channel }
        do {
            let value = try await body(receiver)
            try await channel.close()
            return value
        } catch {
            try await channel.close()
            throw error
        }
    }

    /// Waits until that many requests have come.
    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.received.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    fileprivate func take(_ received: Received) -> Answer {
        let (index, ready) = state.withLock { state in
            state.received.append(received)
            let count = state.received.count
            let ready = state.waiters.filter { $0.0 <= count }
            state.waiters.removeAll { $0.0 <= count }
            return (count - 1, ready)
        }
        for (_, waiter) in ready { waiter.resume() }
        return answer(index, received)
    }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let receiver: Receiver
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ receiver: Receiver) { self.receiver = receiver }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): (self.head, body) = (head, [])
        case .body(let part): body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            answer(receiver.take(.init(path: head.uri, headers: head.headers, body: body)), context)
        }
    }

    private func answer(_ answer: Receiver.Answer, _ context: ChannelHandlerContext) {
        switch answer {
        case .status(let code, let headers, let text):
            var fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
            fields.add(name: "content-length", value: "\(text.utf8.count)")
            send(.init(statusCode: code), fields, text, context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .drip:
            send(.ok, ["content-length": "100000"], "a little", context)
            context.flush()
        case .cut: context.close(promise: nil)
        case .silence: break
        }
    }

    private func send(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ text: String, _ context: ChannelHandlerContext
    ) {
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }
}
