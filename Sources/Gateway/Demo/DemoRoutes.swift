import Countersign
import HTTPService
import Hummingbird
import Postgres

/// The portal for trying out, at `/demo`: a page that shows a code and changes by itself.
struct DemoRoutes: Sendable {
    let settings: DemoConfiguration
    let template: LinkTemplate?
    let signIns: SignIns
    let pages = DemoSignIns()

    var all: [Route] {
        [
            Route(.get, "/demo") { _ in
                asset(EmbeddedFiles.`Demo/demo.html`, "text/html; charset=utf-8")
            },
            Route(.get, "/demo/demo.css") { _ in
                asset(EmbeddedFiles.`Demo/demo.css`, "text/css; charset=utf-8")
            },
            Route(.get, "/demo/demo.js") { _ in
                asset(EmbeddedFiles.`Demo/demo.js`, "text/javascript; charset=utf-8")
            },
            Route(.post, "/demo/sign-ins", begin),
            Route(.get, "/demo/sign-ins/{id}/qr.svg", svg),
            Route(.get, "/demo/sign-ins/{id}/qr.png", png),
            Route(.get, "/demo/sign-ins/{id}/events", events),
            Route(.post, "/demo/callback") { _ in .empty(.noContent) },
        ]
    }

    private struct Begun: Encodable {
        let id: String
        let seconds: Int
        let link: String?
    }

    @Sendable private func begin(_ request: IncomingRequest) async throws -> Response {
        var draft = SignIns.Draft(type: settings.type, callbackURI: settings.callback)
        draft.ipAddress = request.client?.description
        draft.userAgent = SignInContext.userAgent(request.headers[.userAgent])
        let started = try await signIns.start(draft, of: try await portal())
        return .json(
            Begun(
                id: pages.add(started), seconds: Int(started.timeToLive / .seconds(1)),
                link: template?.link(started.otp)))
    }

    /// The demo stands beside the product and needs no client id: the operator has named the portal.
    private func portal() async throws -> KnownPortal {
        let found = try await signIns.database.run(.portal(settings.portal), FindPortalChannel())
        guard let channel = try found.one() else {
            throw Problem.unavailable("temporarily_unavailable", "the demo's portal does not exist")
        }
        LogContext.note("portal", settings.portal)
        return KnownPortal(name: settings.portal, channel: channel, isEnabled: true)
    }

    private func page(_ request: IncomingRequest) throws -> SignIns.Started {
        guard let started = pages[try request.parameter("id")] else { throw Problem.notFound }
        LogContext.note("transaction_id", started.transactionID.description)
        return started
    }

    private func code(_ request: IncomingRequest) throws -> QRCode {
        let otp = try page(request).otp
        guard let code = QRCode(template?.link(otp) ?? otp) else { throw Problem.notFound }
        return code
    }

    @Sendable private func svg(_ request: IncomingRequest) async throws -> Response {
        asset(try code(request).svg, "image/svg+xml")
    }

    @Sendable private func png(_ request: IncomingRequest) async throws -> Response {
        .content(
            ByteBuffer(bytes: try code(request).png(scale: 8)), "image/png", .ok, .page(forms: false))
    }
}

/// What the page is told.
extension DemoRoutes {
    private struct News: Encodable {
        let status: String
        let user: String?
    }

    /// Server-sent events: one at once and one at each change, until the end.
    @Sendable private func events(_ request: IncomingRequest) async throws -> Response {
        let id = try page(request).transactionID
        let portal = try await portal()
        let signIns = signIns
        return .events(.page(forms: false)) { writer in
            var known = ""
            while true {
                let result = try await signIns.result(id, of: portal, wait: .seconds(15), known: known)
                if result.status == known {
                    try await writer.sendNothing()
                } else {
                    known = result.status
                    let news = News(status: known, user: result.is_authenticated ? result.user_id : nil)
                    try await writer.send(event: jsonText(news))
                }
                if result.isFinal || signIns.notifications.isClosed { break }
            }
        }
    }
}

private func asset(_ text: String, _ type: String) -> Response {
    .content(text, type, .ok, .page(forms: false))
}

/// Nil when there is no such portal.
struct FindPortalChannel: PreparedStatement {
    static let statement = Statement(
        "gateway.portal_channel", "SELECT countersign.portal_channel() AS channel")
    static func decode(_ row: inout RowReader) throws -> String? { try row.optionalText("channel") }
}
