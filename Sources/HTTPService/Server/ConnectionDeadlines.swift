import NIOCore
import NIOHTTP1

/// Closes a connection whose client keeps us waiting: with 408 within a request (RFC 9110 section 15.5.9), and without
/// a word between two, when it does not read, and behind a request that took long.
final class ConnectionDeadlines: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: ConnectionLimits
    /// Nil for a connection that has none: it is closed.
    private let place: ConnectionPlaces.Place?
    private let meters: HTTPMeters?
    private var timer: Scheduled<Void>?
    /// When each request came that was read whole and is not answered yet, the oldest first.
    private var unanswered = CircularBuffer<NIODeadline>()
    private var isReadingBody = false
    /// Whether the body that is being read should have come by now, while an earlier request has no answer yet.
    private var isBodyOverdue = false
    /// Whether the request whose body is still being read has its answer already, such as 413.
    private var isAnsweredEarly = false
    private var hasAnswered = false
    /// When each part was written that the client's side has not taken yet, the oldest first.
    private var untaken = CircularBuffer<NIODeadline>()
    private var writeTimer: Scheduled<Void>?

    init(_ limits: ConnectionLimits, _ place: ConnectionPlaces.Place?, _ meters: HTTPMeters?) {
        (self.limits, self.place, self.meters) = (limits, place, meters)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        if place == nil { context.close(promise: nil) } else { restart(limits.headTimeout, context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancel() }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
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
            isBodyOverdue = false
            if isAnsweredEarly {
                isAnsweredEarly = false
                restart(limits.idleTimeout, context)
            } else {
                unanswered.append(.now())
                timer?.cancel()
            }
        }
        tell()
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let promise = promise ?? context.eventLoop.makePromise()
        follow(promise.futureResult, context)
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        hasAnswered = true
        if unanswered.isEmpty {
            isAnsweredEarly = isReadingBody  // the body's timer goes on
        } else {
            unanswered.removeFirst()
        }
        context.write(data, promise: promise)
        goOn(context)
        tell()
    }

    /// After an answer.
    private func goOn(_ context: ChannelHandlerContext) {
        if let next = unanswered.first {
            // RFC 9112 section 9.3.2: a client sends again what a closed connection left unanswered.
            guard next + TimeAmount(limits.pipelineTimeout) < .now() else { return }
            context.flush()
            context.close(promise: nil)
        } else if isBodyOverdue {
            expire(context)
        } else if !isReadingBody {
            restart(limits.idleTimeout, context)
        }
    }

    private func cancel() {
        timer?.cancel()
        writeTimer?.cancel()
    }
}

/// Timers.
extension ConnectionDeadlines {
    private func restart(_ limit: Duration, _ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(in: TimeAmount(limit)) {
            let (handler, context) = bound.value
            handler.expire(context)
        }
    }

    private func expire(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        guard unanswered.isEmpty else { return isBodyOverdue = isReadingBody }
        guard isReadingBody || !hasAnswered else { return context.close(promise: nil) }
        meters?.refused(.timeout)
        let fields: HTTPHeaders = ["connection": "close", "content-length": "0"]
        let head = HTTPResponseHead(version: .http1_1, status: .requestTimeout, headers: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }

    /// Notes what is written until it is taken.
    private func follow(_ taken: EventLoopFuture<Void>, _ context: ChannelHandlerContext) {
        untaken.append(.now())
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        taken.whenComplete { _ in
            let (handler, _) = bound.value
            handler.untaken.removeFirst()
            handler.tell()
        }
        if writeTimer == nil { watchWriting(from: .now(), context) }
    }

    /// One timer at a time: it looks at the oldest part that is not taken, and watches on while there is one.
    private func watchWriting(from start: NIODeadline, _ context: ChannelHandlerContext) {
        let limit = TimeAmount(limits.writeTimeout)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        writeTimer = context.eventLoop.scheduleTask(deadline: start + limit) {
            let (handler, context) = bound.value
            handler.writeTimer = nil
            guard let oldest = handler.untaken.first else { return }
            guard oldest + limit > .now() else { return context.close(promise: nil) }
            handler.watchWriting(from: oldest, context)
        }
    }

    /// Says since when it is the client's turn.
    private func tell() {
        let isClientsTurn = unanswered.isEmpty || !untaken.isEmpty
        place?.waits(isClientsTurn)
    }
}
