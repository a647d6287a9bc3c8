import Countersign
import Crypto
import Foundation
import HTTPService
import Hummingbird

/// The drop-in sign-in page: a script and a style that any portal's page may load.
enum WidgetRoutes {
    static let root = "/widget/v1"

    static let all = [
        route("countersign.js", EmbeddedFiles.`Widget/countersign.js`, "text/javascript; charset=utf-8"),
        route("countersign.css", EmbeddedFiles.`Widget/countersign.css`, "text/css; charset=utf-8"),
    ]

    /// Pages of every origin may load it, also with its digest beside it (Subresource Integrity asks by CORS). It changes
    /// with the program alone.
    private static func route(_ name: String, _ text: String, _ type: String) -> Route {
        let tag = "\"\(base64URLEncoded(Array(SHA256.hash(data: Data(text.utf8))).prefix(16)))\""
        let headers: HTTPFields = [
            .eTag: tag, .cacheControl: "public, max-age=3600", .accessControlAllowOrigin: "*",
            .crossOriginResourcePolicy: "cross-origin",
        ]
        return Route(.get, "\(root)/\(name)") { request in
            request.headers[.ifNoneMatch]?.contains(tag) == true
                ? .empty(.notModified, headers) : .content(text, type, .ok, headers)
        }
    }
}
