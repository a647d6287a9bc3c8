import NIOCore
import NIOPosix
import NIOSSL
import Postgres
import Support
import Testing
import Webhooks

/// Receivers over HTTP/2 whose `:status` is none. What decodes answers stops the program at some of them, and with it every
/// stage and everybody's webhooks.
@Suite(.database) struct UnsoundStatusTests {
    private let site = WebhookSite()

    @Test(arguments: [
        "-1", "", "2147483648", "99999999999999999999", "99", "+200", "0200", "2x0", "000", "099",
        // One character of 1,201 bytes.
        "2" + String(repeating: "\u{301}", count: 600),
    ])
    func `an answer with a status that is none is tried again, and others' webhooks arrive`(
        status: String
    ) async throws {
        try await Certificates.make { certificates in
            var tls = try certificates.server("good")
            tls.applicationProtocols = ["h2"]
            let server = try await StatusServer.start(status, try NIOSSLContext(configuration: tls))
            try await Receiver.run(tls: try certificates.context("good")) { _, _ in
                .status(204)
            } _: { receiver in
                let hostile = try await site.endedRequest("https://localhost:\(server.port)/cb")
                let roots = try TrustRoots(file: certificates.authority)
                try await site.dispatching(policy: .loopbackTLS, trustRoots: roots) { _ in
                    let seen = try await site.delivery(hostile, "pending")
                    #expect(seen.error == "connection" && seen.code == nil)
                    #expect(seen.detail == "the status of the answer is not three digits")
                    let portal = try await site.addPortal("globex")
                    let url = "https://localhost:\(receiver.port)/cb"
                    try await site.addCallback(url, of: portal)
                    _ = try await site.delivery(try await site.end(at: url, of: portal)[0], "delivered")
                }
            }
            try await server.channel.close()
        }
    }

    /// What comes of it differs: the parser of HTTP/1 refuses some, and some are given up when the connection ends.
    @Test(arguments: [
        "000", "001", "099", "0", "00", "-1", "", "100", "101", "103", "199", "600", "999", "1000",
    ])
    func `a status that is none or not the last, over HTTP 1, stops nobody`(status: String) async throws {
        let server = try await StatusServer.start(status)
        try await Receiver.run { _, _ in
            .status(204)
        } _: { receiver in
            let hostile = try await site.endedRequest("http://127.0.0.1:\(server.port)/cb")
            try await site.dispatching { _ in
                let seen = try await site.delivery(hostile, "pending")
                if (100...999).contains(Int(status) ?? 0), status != "100", status != "103", status != "199" {
                    #expect(seen.code == Int(status))
                } else {
                    #expect(seen.error == "connection" && seen.code == nil)
                }
                let portal = try await site.addPortal("globex")
                try await site.addCallback("\(receiver.address)/cb", of: portal)
                _ = try await site.delivery(
                    try await site.end(at: "\(receiver.address)/cb", of: portal)[0], "delivered")
            }
        }
        try await server.channel.close()
    }

    /// As one would that the database refuses for a reason that nobody has thought of.
    @Test func `a result is written without its texts where the database refuses them`() async throws {
        try await Database.current.arrangeAsSuperuser(
            "ALTER TABLE countersign.webhook_attempts ADD CHECK (body <> 'refused')")
        try await Receiver.run { _, received in
            received.path == "/bad" ? .status(500, body: "refused") : .status(204)
        } _: { receiver in
            let portal = try await site.addPortal()
            let urls = ["bad", "good"].map { "\(receiver.address)/\($0)" }
            for url in urls { try await site.addCallback(url, of: portal) }
            let ids = [
                try await site.end(at: urls[0], of: portal)[0],
                try await site.end(at: urls[1], of: portal)[0],
            ]
            try await site.dispatching { _ in
                _ = try await site.delivery(ids[1], "delivered")
                let seen = try await site.delivery(ids[0], "pending")
                #expect(seen.code == 500 && seen.body == nil)
            }
        }
    }

    /// The body is cut at 2,048 bytes, here in the middle of the password.
    @Test func `what is left of a password at the end of a body is redacted, too`() async throws {
        let password = "correct-horse-battery"
        try await Receiver.run { _, _ in
            .status(500, body: String(repeating: "x", count: 2_048 - 14) + password)
        } _: { receiver in
            let id = try await site.endedRequest("\(receiver.address)/cb", password: password)
            try await site.dispatching { _ in
                let body = try await site.delivery(id, "pending").body
                #expect(body?.hasSuffix("xx[redacted]") == true)
            }
        }
    }
}

/// Speaks just enough of HTTP/2 (RFC 9113), or of HTTP/1.1, for one status.
private struct StatusServer {
    let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    /// - Parameter tls: nil for HTTP/1.1.
    static func start(_ status: String, _ tls: NIOSSLContext? = nil) async throws -> StatusServer {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    guard let tls else { return try pipeline.addHandler(PlainStatusHandler(status)) }
                    try pipeline.addHandler(NIOSSLServerHandler(context: tls))
                    try pipeline.addHandler(StatusHandler(status))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return StatusServer(channel: channel)
    }
}

/// Answers what comes by one status, and closes.
private final class PlainStatusHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let status: String
    private var hasAnswered = false

    init(_ status: String) { self.status = status }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasAnswered else { return }
        hasAnswered = true
        let answer = ByteBuffer(string: "HTTP/1.1 \(status) x\r\nContent-Length: 0\r\n\r\n")
        let loop = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(answer)).whenComplete { _ in loop.value.close(promise: nil) }
    }
}

private final class StatusHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let status: String
    private var received = ByteBuffer()
    private var hasPreface = false

    init(_ status: String) { self.status = status }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received.writeImmutableBuffer(unwrapInboundIn(data))
        if !hasPreface {
            // RFC 9113 section 3.4
            guard received.readSlice(length: 24) != nil else { return }
            hasPreface = true
            send(4, flags: 0, stream: 0, [], context)
        }
        while let frame = nextFrame() {
            switch frame.type {
            case 4 where frame.flags & 1 == 0: send(4, flags: 1, stream: 0, [], context)
            case 1: send(1, flags: 0b101, stream: frame.stream, block, context)
            default: break
            }
        }
    }

    /// RFC 9113 section 4.1
    private func nextFrame() -> (type: UInt8, flags: UInt8, stream: UInt32)? {
        let start = received.readerIndex
        guard let head = received.getBytes(at: start, length: 9) else { return nil }
        let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
        guard received.readableBytes >= 9 + length else { return nil }
        received.moveReaderIndex(forwardBy: 9 + length)
        return (head[3], head[4], head[5...8].reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// `:status` as a literal that is not indexed (RFC 7541 section 6.2.2), its name from the static table.
    private var block: [UInt8] {
        let bytes = Array(status.utf8)
        let length =
            bytes.count < 127
            ? [UInt8(bytes.count)]
            : [127, UInt8((bytes.count - 127) & 127 | 128), UInt8((bytes.count - 127) >> 7)]
        return [8] + length + bytes
    }

    private func send(
        _ type: UInt8, flags: UInt8, stream: UInt32, _ payload: [UInt8], _ context: ChannelHandlerContext
    ) {
        var frame = ByteBuffer()
        frame.writeInteger(UInt8(payload.count >> 16))
        frame.writeInteger(UInt16(payload.count & 0xffff))
        frame.writeInteger(type)
        frame.writeInteger(flags)
        frame.writeInteger(stream)
        frame.writeBytes(payload)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
