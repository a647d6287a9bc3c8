import NIOCore
import NIOHTTP1
import NIOHTTP2

/// Ends an exchange whose receiver sends more than any answer needs, whatever it is that comes: interim responses without
/// end, of which one receiver's kept 0.4 of a core busy for the 10 s of an attempt, chunk extensions, trailers, PINGs, or
/// bytes on a connection that is idle.
///
/// Sits between TLS and what decodes HTTP, and counts from one request to the next. Over HTTP/2, where requests share
/// a connection, each new one begins the count anew.
final class AnswerBytes: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    /// An answer's head is read up to 80 KiB, and of its body 16 KiB.
    static let most = 256 * 1024
    /// What a read counts as at least, so that single bytes wake nobody 262,144 times.
    private static let least = 64

    private var left = AnswerBytes.most
    /// Over HTTP/2 a receiver makes us write, too.
    private let countsAnewWhenWriting: Bool

    private init(countsAnewWhenWriting: Bool) { self.countsAnewWhenWriting = countsAnewWhenWriting }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard left > 0 else { return }
        left -= max(Self.least, unwrapInboundIn(data).readableBytes)
        guard left <= 0 else { return context.fireChannelRead(data) }
        context.fireErrorCaught(AnswerTooLong())
        context.close(promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if countsAnewWhenWriting { left = Self.most }
        context.write(data, promise: promise)
    }
}

/// More came than any answer needs.
struct AnswerTooLong: Error {}

extension AnswerBytes {
    /// Puts one before the decoder of a connection over HTTP/1.
    static func install(in channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try pipeline.addHandler(AnswerBytes(countsAnewWhenWriting: true), position: .before(decoder))
        }
    }

    /// And before that of one over HTTP/2.
    static func installShared(in channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: NIOHTTP2Handler.self)
            try pipeline.addHandler(AnswerBytes(countsAnewWhenWriting: false), position: .before(decoder))
        }
    }

    /// Counts anew for a request that goes out as this stream.
    static func begin(_ stream: any Channel) {
        let shared = try? stream.parent?.pipeline.syncOperations.handler(type: AnswerBytes.self)
        shared?.left = most
    }
}
