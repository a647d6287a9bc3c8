import Hummingbird

/// Why a request gets no answer of the kind it asked for: a status and the body of RFC 6749 section 5.2.
struct Problem: Error, Sendable {
    let status: HTTPResponse.Status
    let code: String
    let description: String
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ code: String, _ description: String, _ headers: HTTPFields = [:]) {
        (self.status, self.code, self.description, self.headers) = (status, code, description, headers)
    }

    private struct Body: Encodable {
        let error: String
        let error_description: String
    }

    var response: Response {
        .json(Body(error: code, error_description: description), status, headers)
    }
}

extension Problem {
    static func invalidRequest(_ description: String) -> Problem {
        Problem(.badRequest, "invalid_request", description)
    }

    static let notFound = Problem(.notFound, "not_found", "there is nothing at this path")

    /// When the same may succeed soon: a full pool, a database that is away.
    static func unavailable(_ code: String, _ description: String) -> Problem {
        Problem(.serviceUnavailable, code, description, [.retryAfter: "1"])
    }
}
