import NIOCore
package import NIOHTTP1
import NIOPosix
package import NIOSSL
import Synchronization
package import Testing

/// A portal's web server on a free port of 127.0.0.1: remembers what it was sent and answers as told.
package final class Receiver: Sendable {
    package struct Received: Sendable {
        package let path: String
        package let headers: HTTPHeaders
        package let body: [UInt8]

        package func header(_ name: String) -> String? { headers.first(name: name) }
    }

    /// An answer to the nth request (from 0).
    package enum Answer: Sendable {
        case status(Int, headers: [String: String] = [:], body: String = "")
        /// Head and some bytes, then nothing more.
        case drip
        /// Closes the connection without an answer.
        case cut
        /// No answer at all.
        case silence
        /// Whatever, instead of HTTP.
        case raw(String)
        /// The same, and then the end of the connection, by TLS without its close_notify.
        case rawThenClose(String)
        /// The first part at once, then the second every 20 ms for as long as the connection stands.
        case dripping(String, String)
        /// The first part, then the second again and again, as fast as it is taken.
        case flood(String, String)
    }

    private let state = Mutex<(received: [Received], connections: Int)>(([], 0))
    fileprivate let flooded = Atomic(0)
    fileprivate let read = Atomic(0)
    private let arrivals = Signal()
    private let answer: @Sendable (Int, Received) -> Answer
    private let channel = Mutex<(any Channel)?>(nil)

    private init(_ answer: @escaping @Sendable (Int, Received) -> Answer) { self.answer = answer }

    package var received: [Received] { state.withLock(\.received) }
    package var port: Int { channel.withLock { $0?.localAddress?.port ?? 0 } }
    package var address: String { "http://127.0.0.1:\(port)" }
    /// Bytes of floods that were taken so far.
    package var floodedBytes: Int { flooded.load(ordering: .relaxed) }
    /// How often something was there to be read, without TLS: once for each packet unless several came together.
    package var reads: Int { read.load(ordering: .relaxed) }
    /// Connections accepted so far.
    package var connections: Int { state.withLock(\.connections) }

    /// Listens while the body runs; at a port of its own, or where another one has listened. A mute one accepts connections and does nothing with them.
    package static func run<T>(
        host: String = "127.0.0.1", port: Int = 0, tls: NIOSSLContext? = nil, isMute: Bool = false,
        answering answer: @escaping @Sendable (Int, Received) -> Answer,
        _ body: (Receiver) async throws -> T
    ) async throws -> T {
        let receiver = Receiver(answer)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    receiver.state.withLock { $0.connections += 1 }
                    if isMute { return }
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(ReadCounter(receiver))
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(receiver))
                }
            }
            .bind(host: host, port: port).get()
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

    /// Waits until that many requests have come. Throws when that takes longer than anything should.
    package func wait(for count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await arrivals.wait(for: count, sourceLocation: sourceLocation)
    }

    fileprivate func take(_ received: Received) -> Answer {
        let index = state.withLock { state in
            state.received.append(received)
            return state.received.count - 1
        }
        arrivals.fire()
        return answer(index, received)
    }
}

private final class ReadCounter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let receiver: Receiver

    init(_ receiver: Receiver) { self.receiver = receiver }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        receiver.read.add(1, ordering: .relaxed)
        context.fireChannelRead(data)
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
        case .raw(let text): sendRaw(text, context)
        case .rawThenClose(let text):
            sendRaw(text, context)
            // Seen from the handler of TLS its end comes from outside.
            let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
            (tls ?? context).close(promise: nil)
        case .dripping(let head, let piece):
            sendRaw(head, context)
            drip(piece, context)
        case .flood(let head, let piece):
            sendRaw(head, context)
            flood(ByteBuffer(string: String(repeating: piece, count: 1 + 65_536 / piece.utf8.count)), context)
        }
    }

    /// Past the encoder.
    private func sendRaw(_ text: String, _ context: ChannelHandlerContext) {
        guard
            let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        else { return }
        encoder.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
    }

    private func drip(_ piece: String, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(20)) {
            let (handler, context) = bound.value
            guard context.channel.isActive else { return }
            handler.sendRaw(piece, context)
            handler.drip(piece, context)
        }
    }

    /// Past the encoder, until the connection ends.
    private func flood(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard
            let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
        else { return }
        let taken = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        taken.futureResult.whenSuccess {
            let (handler, context) = bound.value
            handler.receiver.flooded.add(bytes.readableBytes, ordering: .relaxed)
            // Not at once: others have their turn in between.
            context.eventLoop.execute { bound.value.0.flood(bytes, bound.value.1) }
        }
        encoder.writeAndFlush(NIOAny(bytes), promise: taken)
    }

    private func send(
        _ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ text: String, _ context: ChannelHandlerContext
    ) {
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }
}
