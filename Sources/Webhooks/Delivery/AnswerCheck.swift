import NIOCore
import NIOHTTP1

/// Ends a connection, or a stream of HTTP/2, whose answer has no final status: a code below 100 (RFC 9110, section 15), or an
/// end after informational ones alone (section 15.2).
///
/// async-http-client passes over every head below 200 and stops the whole program at the end that follows: `HTTP/1.1 000` of one
/// receiver stopped each worker that its webhook was tried by, with all stages. So this stands before it. Statuses that
/// what decodes HTTP/2 cannot take are `StatusCheck`'s.
final class AnswerCheck: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private var hasHead = false
    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let isSound: Bool
        switch unwrapInboundIn(data) {
        case .head(let head):
            hasHead = head.status.code >= 200 || head.status == .switchingProtocols
            isSound = head.status.code >= 100
        case .body: isSound = hasHead
        case .end:
            isSound = hasHead
            hasHead = false
        }
        guard isSound else {
            isOver = true
            context.fireErrorCaught(UnsoundStatus())
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
    }
}
