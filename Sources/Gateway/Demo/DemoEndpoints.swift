import Countersign
import Hummingbird
import Postgres

/// The portal for trying out, at `/demo`: a page that shows a code and changes by itself.
struct DemoEndpoints: Sendable {
    let settings: DemoConfiguration
    let template: LinkTemplate?
    let signIns: SignIns
    let pages = DemoSignIns()

    var all: [Endpoint] {
        [
            Endpoint(.get, "/demo") { _ in
                asset(EmbeddedFiles.`Demo/demo.html`, "text/html; charset=utf-8")
            },
            Endpoint(.get, "/demo/demo.css") { _ in
                asset(EmbeddedFiles.`Demo/demo.css`, "text/css; charset=utf-8")
            },
            Endpoint(.get, "/demo/demo.js") { _ in
                asset(EmbeddedFiles.`Demo/demo.js`, "text/javascript; charset=utf-8")
            },
            Endpoint(.post, "/demo/sign-ins", begin),
            Endpoint(.get, "/demo/sign-ins/{id}/qr.svg", svg),
            Endpoint(.get, "/demo/sign-ins/{id}/qr.png", png),
            Endpoint(.get, "/demo/sign-ins/{id}/events", events),
            Endpoint(.post, "/demo/callback") { _ in .empty(.noContent) },
        ]
    }

    private struct Begun: Encodable {
        let id: String
        let seconds: Int
        let link: String?
    }

    @Sendable private func begin(_ exchange: Exchange) async throws -> Response {
        var draft = SignIns.Draft(type: settings.type, callbackURI: settings.callback)
        draft.ipAddress = exchange.address
        draft.userAgent = exchange.request.headers[.userAgent].map { String($0.prefix(1_024)) }
        let started = try await signIns.start(draft, of: try await portal())
        return .json(
            Begun(
                id: pages.add(started), seconds: Int(started.timeToLive / .seconds(1)),
                link: template?.link(started.otp)))
    }

    /// The demo stands beside the product and needs no client id: the operator has named the portal.
    private func portal() async throws -> KnownPortal {
        let row = try await signIns.desk.run(.portal(settings.portal), Step(Self.channel))[0][0]
        guard let channel = try row.optionalText(0) else {
            throw Problem.unavailable("temporarily_unavailable", "the demo's portal does not exist")
        }
        LogContext.note("portal", settings.portal)
        return KnownPortal(name: settings.portal, channel: channel, isEnabled: true)
    }

    static let channel = Statement("gateway.portal_channel", "SELECT countersign.portal_channel()")

    private func page(_ exchange: Exchange) throws -> SignIns.Started {
        guard let started = exchange.parameters["id"].flatMap({ pages[$0] }) else { throw Problem.notFound }
        LogContext.note("transaction_id", started.transactionID.description)
        return started
    }

    private func code(_ exchange: Exchange) throws -> QRCode {
        let otp = try page(exchange).otp
        guard let code = QRCode(template?.link(otp) ?? otp) else { throw Problem.notFound }
        return code
    }

    @Sendable private func svg(_ exchange: Exchange) async throws -> Response {
        asset(try code(exchange).svg, "image/svg+xml")
    }

    @Sendable private func png(_ exchange: Exchange) async throws -> Response {
        asset(ByteBuffer(bytes: try code(exchange).png(scale: 8)), "image/png")
    }
}

/// What the page is told.
extension DemoEndpoints {
    private struct News: Encodable {
        let status: String
        let user: String?
    }

    /// Server-sent events: one at once and one at each change, until the end.
    @Sendable private func events(_ exchange: Exchange) async throws -> Response {
        let id = try page(exchange).transactionID
        let portal = try await portal()
        let signIns = signIns
        let body = ResponseBody { writer in
            var known = ""
            while true {
                let result = try await signIns.result(id, of: portal, wait: .seconds(15), known: known)
                if result.status == known {
                    try await writer.write(ByteBuffer(string: ": still here\n\n"))
                } else {
                    known = result.status
                    let news = News(status: known, user: result.is_authenticated ? result.user_id : nil)
                    try await writer.write(ByteBuffer(string: "data: \(jsonText(news))\n\n"))
                }
                if result.isFinal || signIns.switchboard.isClosed { break }
            }
            try await writer.finish(nil)
        }
        var headers = guardedHeaders("text/event-stream")
        headers[.connection] = "close"
        return Response(status: .ok, headers: headers, body: body)
    }
}

private func asset(_ text: String, _ type: String) -> Response { asset(ByteBuffer(string: text), type) }

private func asset(_ content: ByteBuffer, _ type: String) -> Response {
    Response(status: .ok, headers: guardedHeaders(type), body: ResponseBody(byteBuffer: content))
}

/// Nothing from elsewhere, nothing inline, in nobody's frame, and no address of ours to anybody.
private func guardedHeaders(_ type: String) -> HTTPFields {
    var fields: HTTPFields = [.contentType: type]
    fields[.contentSecurityPolicy] =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    fields[.referrerPolicy] = "no-referrer"
    return fields.uncached()
}
