import NIOCore
import NIOHTTP1

/// Closes a connection whose client sends too slowly: with 408 within a request (RFC 9110 section 15.5.9), and
/// without a word between two.
final class ConnectionDeadlines: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: ConnectionLimits
    private var timer: Scheduled<Void>?
    /// Requests that were read whole and are not answered yet.
    private var unanswered = 0
    private var isReadingBody = false
    /// Whether the request whose body is still being read has its answer already, such as 413.
    private var isAnsweredEarly = false
    private var hasAnswered = false

    init(_ limits: ConnectionLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { restart(limits.headTimeout, context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        restart(limits.headTimeout, context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            isReadingBody = true
            restart(limits.bodyTimeout, context)
        case .body: break
        case .end:
            isReadingBody = false
            if isAnsweredEarly {
                isAnsweredEarly = false
                restart(limits.idleTimeout, context)
            } else {
                unanswered += 1
                timer?.cancel()
            }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            hasAnswered = true
            if unanswered > 0 {
                unanswered -= 1
                if unanswered == 0, !isReadingBody { restart(limits.idleTimeout, context) }
            } else {
                isAnsweredEarly = isReadingBody  // the body's timer goes on
            }
        }
        context.write(data, promise: promise)
    }

    private func restart(_ limit: Duration, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            let (handler, context) = bound.value
            handler.expire(context)
        }
    }

    private func expire(_ context: ChannelHandlerContext) {
        guard context.channel.isActive, unanswered == 0 else { return }
        guard isReadingBody || !hasAnswered else { return context.close(promise: nil) }
        let fields: HTTPHeaders = ["connection": "close", "content-length": "0"]
        let head = HTTPResponseHead(version: .http1_1, status: .requestTimeout, headers: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }
}
