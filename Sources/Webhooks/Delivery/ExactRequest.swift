import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Sends a request's target as it is stored, byte for byte, and the request in one piece.
///
/// async-http-client takes a Foundation `URL`, which makes `?a%5B%5D=1&r=%252Fhome` of `?a[]=1&r=%2Fhome`; so the target
/// travels beside it, in a header field that is taken off here, between the client and what encodes its requests. It flushes
/// the head, the body and the end each by itself: two system calls, two packets and two reads at the receiver, where one
/// does for bodies that are far below what a channel holds back (64 KiB).
final class ExactRequest: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    static let targetField = "countersign-target"

    /// Its end is not written yet.
    private var isUnfinished = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head):
            isUnfinished = true
            guard let target = head.headers.first(name: Self.targetField) else { break }
            head.uri = target
            head.headers.remove(name: Self.targetField)
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: break
        case .end: isUnfinished = false
        }
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        if !isUnfinished { context.flush() }
    }

    /// Puts one behind the codec of a connection (HTTP/1) or of a stream (HTTP/2), with a check of the answer, and before that of
    /// a stream a check of its status.
    static func install(in channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let codec = try? pipeline.handler(type: HTTP2FramePayloadToHTTP1ClientCodec.self) {
                try pipeline.addHandler(StatusCheck(), position: .before(codec))
                try pipeline.addHandlers(AnswerCheck(), ExactRequest(), position: .after(codec))
            } else {
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
                try pipeline.addHandlers(AnswerCheck(), ExactRequest(), position: .after(decoder))
            }
        }
    }
}
