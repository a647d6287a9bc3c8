package import Hummingbird

/// Headers that every answer has which does not say otherwise.
struct SecurityHeaders: RouterMiddleware {
    /// Then browsers ask by TLS alone for two years (RFC 6797).
    let isTLS: Bool

    /// Answers hold codes, users and figures: nobody between us and the client may keep them.
    private static let unkept: HTTPFields = [
        .cacheControl: "no-cache, no-store, must-revalidate", .pragma: "no-cache",
    ]

    @concurrent
    func handle(
        _ request: Request, context: ServiceContext,
        next: @concurrent (Request, ServiceContext) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        if !response.headers.contains(.cacheControl) { response.headers.append(contentsOf: Self.unkept) }
        // No browser may guess another type.
        if !response.headers.contains(.xContentTypeOptions) {
            response.headers[.xContentTypeOptions] = "nosniff"
        }
        if isTLS { response.headers[.strictTransportSecurity] = "max-age=63072000" }
        return response
    }
}

extension HTTPFields {
    /// For pages: nothing from elsewhere, nothing inline, in nobody's frame.
    ///
    /// - Parameter forms: whether a page may send forms to its own server.
    package static func page(forms: Bool) -> HTTPFields {
        [
            .contentSecurityPolicy:
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                + "base-uri 'none'; form-action \(forms ? "'self'" : "'none'"); frame-ancestors 'none'",
            .crossOriginOpenerPolicy: "same-origin",
            .referrerPolicy: forms ? "same-origin" : "no-referrer",
        ]
    }
}
