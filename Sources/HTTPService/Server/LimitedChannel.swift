import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// HTTP/1.1 with deadlines for slow clients, which sit right behind the parser.
struct LimitedChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    private let base: HTTP1Channel
    private let limits: ConnectionLimits
    private let places: ConnectionPlaces
    private let meters: HTTPMeters?

    init(
        _ limits: ConnectionLimits, _ places: ConnectionPlaces, _ meters: HTTPMeters?,
        responder: @escaping HTTPChannelHandler.Responder
    ) {
        var configuration = HTTP1Channel.Configuration()
        configuration.httpDecoder.maxHeaderListSize = limits.headBytes
        configuration.httpDecoder.maxHeaderFieldSize = limits.headBytes
        configuration.httpDecoder.maxHeaderFieldCount = 100
        base = HTTP1Channel(
            responder: { request, writer, channel in
                // Who pipelines has the next request there already, and would go on without a pause.
                await Task.yield()
                try await responder(request, writer, channel)
            }, configuration: configuration)
        (self.limits, self.places, self.meters) = (limits, places, meters)
    }

    /// What a connection may have parsed before others of its loop have their turn: 64 KiB, as much as one read may bring,
    /// are 1,500 pipelined requests. Beside 30 clients that pipelined without end a sign-in began after 8 s; with 4 KiB
    /// after 5, and with this within one (in a debug build).
    private static let readBytes = 1_024

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let small = FixedSizeRecvByteBufferAllocator(capacity: Self.readBytes)
        let bounded = channel.setOption(.recvAllocator, value: small)
            .and(channel.setOption(.maxMessagesPerRead, value: 1))
        return bounded.flatMap { _ in setUp(channel, logger) }
    }

    private func setUp(_ channel: any Channel, _ logger: Logger) -> EventLoopFuture<Value> {
        let (limits, places, meters) = (limits, places, meters)
        return base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let parser = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            let deadlines = ConnectionDeadlines(limits, places.take(channel), meters)
            try pipeline.addHandlers([RequestHeadCheck(meters), deadlines], position: .after(parser))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}
