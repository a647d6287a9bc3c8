import HTTPService
import Hummingbird

/// Answers of the console. All forbid everything that the console does not do itself.
extension Response {
    static func page(_ html: String, status: HTTPResponse.Status = .ok) -> Response {
        .content(html, "text/html; charset=utf-8", status, .page(forms: true))
    }

    static func asset(_ content: String, type: String) -> Response {
        .content(content, "\(type); charset=utf-8", .ok, .page(forms: true))
    }

    /// 303: what follows a form is a page. `cookie` is the session's value and age.
    static func redirect(_ address: String, cookie: String? = nil) -> Response {
        var headers = HTTPFields.page(forms: true)
        headers[.location] = address
        if let cookie {
            headers[.setCookie] =
                "\(Console.cookie)=\(cookie); Path=/console; Secure; HttpOnly; SameSite=Strict"
        }
        return .empty(.seeOther, headers)
    }

    /// To the page that signs in and leads to `next`. Says so when a session was there before.
    static func toLogin(_ request: IncomingRequest, next: ConsolePlace?) -> Response {
        let words = [
            next.map { "next=\(urlEscaped($0.text))" }, request.sessionToken.map { _ in "over=1" },
        ].compactMap(\.self)
        return .redirect(
            "/console/login" + (words.isEmpty ? "" : "?" + words.joined(separator: "&")),
            cookie: request.sessionToken.map { _ in "; Max-Age=0" })
    }
}

extension IncomingRequest {
    /// Of the console's cookie.
    var sessionToken: String? { request.cookies[Console.cookie]?.value }
}
