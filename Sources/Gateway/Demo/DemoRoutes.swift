import Countersign
import HTTPService
import Hummingbird
import Postgres

/// The portal for trying out, at `/demo`: whole, and no longer than a portal that has the drop-in page.
struct DemoRoutes: Sendable {
    let settings: DemoConfiguration
    let browsers: BrowserSignIns
    private let sessions = DemoSessions()

    init(_ settings: DemoConfiguration, _ browsers: BrowserSignIns) {
        (self.settings, self.browsers) = (settings, browsers)
    }

    var all: [Route] {
        [
            Route(.get, "/demo") { _ in page(EmbeddedFiles.`Demo/demo.html`) },
            Route(.get, "/demo/demo.css") { _ in
                .content(
                    EmbeddedFiles.`Demo/demo.css`, "text/css; charset=utf-8", .ok, .page(forms: false))
            },
            Route(.post, "/demo/sign-ins", begin),
            Route(.post, "/demo/signed-in", finish),
            Route(.post, "/demo/callback") { _ in .empty(.noContent) },
        ]
    }

    private struct Begun: Encodable {
        let transaction_id: String
        let browser_token: String
    }

    /// The visitor's session remembers which sign-ins are its own.
    @Sendable private func begin(_ request: IncomingRequest) async throws -> Response {
        var draft = SignIns.Draft(type: settings.type, callbackURI: settings.callback)
        draft.ipAddress = request.client?.description
        draft.userAgent = SignInContext.userAgent(request.headers[.userAgent])
        draft.languageCode = SignInContext.language(request.headers[.acceptLanguage])
        let browser = request.demoBrowser ?? base64URLEncoded(randomBytes(16))
        draft.browserID = browser
        let portal = try await portal()
        let started = try await browsers.signIns.start(draft, of: portal)
        let token = try await browsers.token(for: started, of: portal)
        let handle = sessions.add(started.transactionID, to: request.demoSession)
        return .json(
            Begun(transaction_id: started.transactionID.description, browser_token: token.text), .ok,
            [
                .setCookie: "\(DemoSessions.cookie)=\(handle); Path=/demo; HttpOnly; SameSite=Strict",
                .setCookie:
                    "\(DemoSessions.browserCookie)=\(browser); Path=/demo; HttpOnly; SameSite=Strict; Max-Age=34560000",
            ])
    }

    /// Only the session that has begun a sign-in is told who it is: no page is believed.
    @Sendable private func finish(_ request: IncomingRequest) async throws -> Response {
        let form = try await request.form()
        guard let id = form["transaction_id"].flatMap({ Identifier($0) }),
            sessions.has(id, request.demoSession)
        else { return outcome("This browser has not begun that sign-in") }
        LogContext.note("transaction_id", id.description)
        let portal = try await portal()
        var result = try await browsers.signIns.result(id, of: portal, wait: .zero)
        if result.redemption != nil { result = try await browsers.signIns.redeem(id, of: portal) }
        guard result.is_authenticated, let user = result.user_id else {
            return outcome("Nobody has signed in")
        }
        return outcome("Signed in as \(user)")
    }

    /// The demo stands beside the product and needs no client id: the operator has named the portal.
    private func portal() async throws -> KnownPortal {
        let found = try await browsers.signIns.database.run(.portal(settings.portal), FindPortalChannel())
        guard let channel = try found.one() else {
            throw Problem.unavailable("temporarily_unavailable", "the demo's portal does not exist")
        }
        LogContext.note("portal", settings.portal)
        return KnownPortal(name: settings.portal, channel: channel, isEnabled: true)
    }

    private func outcome(_ words: String) -> Response {
        page(EmbeddedFiles.`Demo/signed-in.html`.replacing("{outcome}", with: htmlText(words)))
    }
}

private func page(_ text: String) -> Response {
    .content(text, "text/html; charset=utf-8", .ok, .page(forms: true))
}

extension IncomingRequest {
    fileprivate var demoSession: String? { request.cookies[DemoSessions.cookie]?.value }

    /// Only as it was given: the answer gives it again.
    fileprivate var demoBrowser: String? {
        let value = request.cookies[DemoSessions.browserCookie]?.value
        return value?.wholeMatch(of: /[A-Za-z0-9_-]{22}/).map { String($0.output) }
    }
}

/// Nil when there is no such portal.
struct FindPortalChannel: PreparedStatement {
    static let statement = Statement(
        "gateway.portal_channel", "SELECT countersign.portal_channel() AS channel")
    static func decode(_ row: inout RowReader) throws -> String? { try row.optionalText("channel") }
}
