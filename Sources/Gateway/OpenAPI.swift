import Foundation
import HTTPService
import Hummingbird

/// The description of the two APIs in OpenAPI 3.1, `openapi.json`. A test compares its paths with those that are
/// served, and another holds a running server to it.
enum OpenAPI {
    static let path = "/openapi.json"

    /// Describes what is served and nothing else: without token rules there is no API for apps.
    static func route(describing routes: [Route]) -> Route {
        let text = document(of: routes.map(\.path) + [path])
        return Route(.get, path) { _ in .content(text, "application/json;charset=UTF-8") }
    }

    static func document(of paths: [String]) -> String {
        guard var document = parsed as? [String: Any], let all = document["paths"] as? [String: Any] else {
            preconditionFailure("the description is not JSON")
        }
        document["paths"] = all.filter { paths.contains($0.key) }
        let data = try? JSONSerialization.data(
            withJSONObject: document, options: [.sortedKeys, .withoutEscapingSlashes])
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    static var parsed: Any? {
        try? JSONSerialization.jsonObject(with: Data(EmbeddedFiles.`openapi.json`.utf8))
    }
}
