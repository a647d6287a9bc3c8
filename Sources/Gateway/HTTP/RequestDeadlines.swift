import NIOCore
import NIOHTTP1

/// How long clients may take.
package struct RequestLimits: Sendable {
    /// Seconds from the connection to the end of the first request's head.
    package var headTimeout = Duration.seconds(10)
    /// From the end of a head to the end of its body.
    package var bodyTimeout = Duration.seconds(15)
    /// From one answer to the end of the next request's head.
    package var idleTimeout = Duration.seconds(75)
    /// Bytes of a body.
    package var bodyBytes = 65_536
    /// Bytes of all header fields of a request.
    package var headBytes = 16_384
    /// Connections at once; further ones wait to be accepted.
    package var connections = 1_024

    package init() {}
}

/// Closes a connection whose client sends too slowly: with 408 within a request (RFC 9110 section 15.5.9), and
/// without a word between two.
final class RequestDeadlines: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: RequestLimits
    private var timer: Scheduled<Void>?
    /// Requests that were read whole and are not answered yet.
    private var unanswered = 0
    private var isReadingBody = false
    /// Whether the request whose body is still being read has its answer already, such as 413.
    private var isAnsweredEarly = false
    private var hasAnswered = false

    init(_ limits: RequestLimits) { self.limits = limits }

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
