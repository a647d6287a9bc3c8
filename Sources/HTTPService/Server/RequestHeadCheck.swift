import NIOCore
import NIOHTTP1

/// What HTTP/1.1 asks of a server before the request is anybody's: exactly one sound `Host` (RFC 9112 section 3.2), and
/// 100 for those who wait for it before they send a body (RFC 9110 section 10.1.1).
///
/// Who offers another protocol, as Java's client does with h2c, is answered in HTTP/1.1 (RFC 9110 section 7.8). The parser
/// reads nothing behind such a request, so its answer says that the connection closes.
final class RequestHeadCheck: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Requests whose head has come, and whose answer has not been written.
    private var open = 0
    /// Whether the last of those waits for its 100.
    private var owesContinue = false
    private var isRefused = false
    /// Whether nothing is read behind the last of those.
    private var isLast = false
    private let meters: HTTPMeters?

    init(_ meters: HTTPMeters?) { self.meters = meters }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        switch unwrapInboundIn(data) {
        case .head(var head):
            guard Self.hasSoundHost(head) else {
                isRefused = true
                // As for what the parser refuses: the server answers 400 and closes.
                return errorCaught(context: context, error: HTTPParserError.invalidHeaderToken)
            }
            open += 1
            owesContinue = Self.expectsContinue(head)
            payContinue(context)
            if Self.offersProtocol(head) {
                isLast = true
                head.headers.replaceOrAdd(name: "connection", value: "close")
                return context.fireChannelRead(wrapInboundOut(.head(head)))
            }
        case .body, .end: owesContinue = false
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Who leaves within a head has sent nothing that is wrong.
        if let error = error as? HTTPParserError, error != .invalidEOFState { meters?.refused(.notHTTP) }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where isLast && open == 1:
            head.headers.replaceOrAdd(name: "connection", value: "close")
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head, .body:
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            open -= 1
            payContinue(context)
        }
    }

    /// Not before the answers to earlier requests.
    private func payContinue(_ context: ChannelHandlerContext) {
        guard owesContinue, open == 1 else { return }
        owesContinue = false
        let head = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    private static func offersProtocol(_ head: HTTPRequestHead) -> Bool {
        head.method == .CONNECT
            || head.headers.contains(name: "upgrade")
                && head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
    }

    private static func expectsContinue(_ head: HTTPRequestHead) -> Bool {
        head.version == .http1_1 && head.headers["expect"].contains { $0.lowercased() == "100-continue" }
    }

    /// Clients of HTTP/1.0 may send none.
    private static func hasSoundHost(_ head: HTTPRequestHead) -> Bool {
        let hosts = head.headers["host"]
        guard let host = hosts.first else { return head.version != .http1_1 }
        return hosts.count == 1 && host.utf8.allSatisfy(isAllowed)
    }

    /// In a host and port: RFC 3986 section 3.2.2.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~%!$&'()*+,;=:[]".utf8.contains(byte)
        }
    }
}
