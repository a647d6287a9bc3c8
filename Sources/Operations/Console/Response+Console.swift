import Hummingbird

/// Answers of the console. All forbid everything that the console does not do itself.
extension Response {
    private static let protection: HTTPFields = [
        .contentSecurityPolicy:
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
            + "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        .xContentTypeOptions: "nosniff", .init("Referrer-Policy")!: "same-origin",
        .init("Cross-Origin-Opener-Policy")!: "same-origin", .cacheControl: "no-store",
    ]

    static func page(_ html: String, status: HTTPResponse.Status = .ok) -> Response {
        text(html, type: "text/html; charset=utf-8", status)
    }

    static func asset(_ content: String, type: String) -> Response {
        text(content, type: "\(type); charset=utf-8", .ok)
    }

    static func plainError(_ status: HTTPResponse.Status, _ sentence: String) -> Response {
        text(sentence + "\n", type: "text/plain; charset=utf-8", status)
    }

    /// 303: what follows a form is a page. `cookie` is the session's value and age.
    static func redirect(_ address: String, cookie: String? = nil) -> Response {
        var headers = protection
        headers[.location] = address
        if let cookie {
            headers[.setCookie] =
                "\(Console.cookie)=\(cookie); Path=/console; Secure; HttpOnly; SameSite=Strict"
        }
        return Response(status: .seeOther, headers: headers)
    }

    /// To the page that signs in and leads to `next`. Says so when a session was there before.
    static func toLogin(_ request: Request, next: ConsolePage?) -> Response {
        let words = [
            next.map { "next=\($0.rawValue)" }, request.cookies[Console.cookie].map { _ in "over=1" },
        ].compactMap(\.self)
        return .redirect(
            "/console/login" + (words.isEmpty ? "" : "?" + words.joined(separator: "&")),
            cookie: request.cookies[Console.cookie].map { _ in "; Max-Age=0" })
    }

    private static func text(_ content: String, type: String, _ status: HTTPResponse.Status) -> Response {
        var headers = protection
        headers[.contentType] = type
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: content)))
    }
}
