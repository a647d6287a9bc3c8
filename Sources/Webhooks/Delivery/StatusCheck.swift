import NIOCore
import NIOHPACK
import NIOHTTP2

/// Ends a stream of HTTP/2 whose answer has no status of three digits (RFC 9110, section 15).
///
/// What decodes the answer takes any integer for a status, and stops the whole program at one that is negative or empty: a
/// receiver could have stopped each worker that its webhook was tried by. So this stands before it, and `AnswerCheck` after it.
final class StatusCheck: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload

    private var isOver = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        // Trailers have none.
        if case .headers(let block) = unwrapInboundIn(data),
            let status = block.headers.first(name: ":status"),
            !Self.isStatus(Array(status.utf8))
        {
            isOver = true
            context.fireErrorCaught(UnsoundStatus())
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
    }

    private static func isStatus(_ bytes: [UInt8]) -> Bool {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return bytes.count == 3 && bytes[0] != UInt8(ascii: "0") && bytes.allSatisfy(digits.contains)
    }
}

/// The answer has a status that is none.
struct UnsoundStatus: Error {}
