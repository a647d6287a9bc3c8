import NIOCore
import NIOPosix
import Synchronization
package import Testing

/// A name server on a free port of 127.0.0.1 (UDP) that knows IPv4 addresses, and says nothing where it is told to.
package final class NameServer: Sendable {
    package enum Answer: Sendable {
        /// Four bytes.
        case address([UInt8])
        /// The same, and no answer to questions for IPv6.
        case addressOnly([UInt8])
        case unknown
        case silence
    }

    private let questions = Mutex<[String]>([])
    private let newNames = Signal()
    private let answer: @Sendable (String) -> Answer
    private let channel = Mutex<(any Channel)?>(nil)

    private init(_ answer: @escaping @Sendable (String) -> Answer) { self.answer = answer }

    /// As `NameResolver` takes it.
    package var address: String { "127.0.0.1:\(channel.withLock { $0?.localAddress?.port ?? 0 })" }
    /// The names it was asked for, each time that it was.
    package var asked: [String] { questions.withLock(\.self) }

    package static func run<T>(
        answering answer: @escaping @Sendable (String) -> Answer, _ body: (NameServer) async throws -> T
    ) async throws -> T {
        let server = NameServer(answer)
        let channel = try await DatagramBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(server))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        server.channel.withLock { $0 = channel }
        do {
            let value = try await body(server)
            try await channel.close()
            return value
        } catch {
            try await channel.close()
            throw error
        }
    }

    /// Waits until it was asked for that many different names. Throws when that takes longer than anything should.
    package func wait(for names: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await newNames.wait(for: names, sourceLocation: sourceLocation)
    }

    /// The answer to a question as RFC 1035 section 4 writes both; nil is none.
    fileprivate func reply(to packet: [UInt8]) -> [UInt8]? {
        guard let question = Question(packet) else { return nil }
        let isNew = questions.withLock { questions in
            defer { questions.append(question.name) }
            return !questions.contains(question.name)
        }
        if isNew { newNames.fire() }
        switch answer(question.name) {
        case .silence: return nil
        case .unknown: return question.reply(code: 3)
        case .address(let bytes): return question.reply(isVersion4: bytes)
        case .addressOnly(let bytes): return question.kind == 1 ? question.reply(isVersion4: bytes) : nil
        }
    }
}

private struct Question {
    let name: String
    /// 1 is A, 28 is AAAA.
    let kind: UInt8
    private let packet: [UInt8]
    private let end: Int

    init?(_ packet: [UInt8]) {
        var labels: [String] = []
        var next = 12
        while next < packet.count, packet[next] > 0, next + Int(packet[next]) < packet.count {
            labels.append(String(decoding: packet[(next + 1)...(next + Int(packet[next]))], as: UTF8.self))
            next += Int(packet[next]) + 1
        }
        guard next + 4 < packet.count else { return nil }
        (name, kind) = (labels.joined(separator: ".").lowercased(), packet[next + 2])
        (self.packet, end) = (packet, next + 5)
    }

    func reply(code: UInt8) -> [UInt8] {
        packet[..<2] + [0x81, 0x80 | code, 0, 1, 0, 0, 0, 0, 0, 0] + packet[12..<end]
    }

    func reply(isVersion4 address: [UInt8]) -> [UInt8] {
        var reply = reply(code: 0)
        guard kind == 1 else { return reply }
        reply[7] = 1
        return reply + [0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 4, 0, 4] + address
    }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let server: NameServer

    init(_ server: NameServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let question = unwrapInboundIn(data)
        guard let reply = server.reply(to: Array(question.data.readableBytesView)) else { return }
        let answer = AddressedEnvelope(remoteAddress: question.remoteAddress, data: ByteBuffer(bytes: reply))
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    }
}
