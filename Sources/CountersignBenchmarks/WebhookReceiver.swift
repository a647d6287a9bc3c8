import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A portal's web server on 127.0.0.1 that answers 204: at once, or after ten seconds under `/slow`.
final class WebhookReceiver: Sendable {
    /// When each webhook came, by its id.
    private let arrivals = Mutex<[String: ContinuousClock.Instant]>([:])
    private let channel: any Channel

    private init(_ channel: any Channel) { self.channel = channel }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
    /// Flags of a worker that may call it.
    var flags: [String] { ["--allow-http", "127.0.0.0/8", "--allow-ports", "1-65535"] }
    var count: Int { arrivals.withLock(\.count) }

    func takeArrivals() -> [String: ContinuousClock.Instant] {
        arrivals.withLock { arrivals in
            defer { arrivals = [:] }
            return arrivals
        }
    }

    func wait(for count: Int, within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        while self.count < count {
            guard ContinuousClock.now < deadline else {
                throw BenchError("\(self.count) of \(count) webhooks have come in time")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    static func run<T>(_ body: (WebhookReceiver) async throws -> T) async throws -> T {
        let box = Mutex<WebhookReceiver?>(nil)
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Answerer { id in
                            _ = box.withLock(\.self)?.arrivals.withLock { $0[id] = .now }
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let receiver = WebhookReceiver(channel)
        box.withLock { $0 = receiver }
        do {
            let value = try await body(receiver)
            try await channel.close()
            return value
        } catch {
            try await channel.close()
            throw error
        }
    }
}

private final class Answerer: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let arrived: (String) -> Void
    private var isSlow = false

    init(_ arrived: @escaping (String) -> Void) { self.arrived = arrived }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isSlow = head.uri.hasPrefix("/slow")
            if !isSlow { arrived(head.headers.first(name: "webhook-id") ?? "") }
        case .body: break
        case .end where isSlow:
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(10)) {
                let (handler, context) = bound.value
                handler.answer(context)
            }
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(.init(version: .http1_1, status: .noContent))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
