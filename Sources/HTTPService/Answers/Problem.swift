package import Hummingbird
import Logging

/// Why a request gets no answer of the kind it asked for.
package struct Problem: Error, Sendable {
    package let status: HTTPResponse.Status
    /// `error` of RFC 6749 section 5.2, or a number of the Access API.
    package let code: String
    /// A sentence for a person.
    package let description: String
    package var headers: HTTPFields = [:]
    /// What is shown in place of the sentence: a whole page of HTML, for who looks with a browser.
    package var page: String?

    package init(
        _ status: HTTPResponse.Status, _ code: String, _ description: String, _ headers: HTTPFields = [:]
    ) {
        (self.status, self.code, self.description, self.headers) = (status, code, description, headers)
    }
}

extension Problem {
    package static func invalidRequest(_ description: String) -> Problem {
        Problem(.badRequest, "invalid_request", description)
    }

    package static let notFound = Problem(.notFound, "not_found", "there is nothing at this path")

    /// When the same may succeed soon: a full pool, a database that is away.
    package static func unavailable(_ code: String, _ description: String) -> Problem {
        Problem(.serviceUnavailable, code, description, [.retryAfter: "1"])
    }

    /// What the request would change is locked by somebody else's transaction: a portal's own, as a rule.
    package static let held = unavailable(
        "temporarily_unavailable",
        "another transaction holds what this would change; try again when it has ended")

    static func methodNotAllowed(_ allowed: String) -> Problem {
        Problem(.methodNotAllowed, "invalid_request", "this path allows \(allowed)", [.allow: allowed])
    }
}

extension Problem {
    /// How a server writes what is wrong.
    package enum Format: Sendable {
        /// The body of RFC 6749 section 5.2.
        case json
        /// The sentence, for people.
        case text
    }

    private struct Body: Encodable {
        let error: String
        let error_description: String
    }

    func response(_ format: Format) -> Response {
        if let page {
            var fields = headers
            for field in HTTPFields.page(forms: true) { fields.append(field) }
            return .content(page, "text/html; charset=utf-8", status, fields)
        }
        return switch format {
        case .json: .json(Body(error: code, error_description: description), status, headers)
        case .text: .text("\(description)\n", status, headers)
        }
    }
}
