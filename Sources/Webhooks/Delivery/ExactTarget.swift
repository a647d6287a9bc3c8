import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Sends a request's target as it is stored, byte for byte. async-http-client takes a Foundation `URL`, which makes
/// `?a%5B%5D=1&r=%252Fhome` of `?a[]=1&r=%2Fhome`; so the target travels beside it, in a header field that is taken off
/// here, between the client and what encodes its requests.
final class ExactTarget: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    static let field = "countersign-target"

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data), let target = head.headers.first(name: Self.field)
        else { return context.write(data, promise: promise) }
        head.uri = target
        head.headers.remove(name: Self.field)
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    /// Puts one behind the codec of a connection (HTTP/1) or of a stream (HTTP/2).
    static func install(in channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let codec = try? pipeline.handler(type: HTTP2FramePayloadToHTTP1ClientCodec.self) {
                try pipeline.addHandler(ExactTarget(), position: .after(codec))
            } else {
                let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
                try pipeline.addHandler(ExactTarget(), position: .after(decoder))
            }
        }
    }
}
