import FoundationEssentials
import Hummingbird

/// One request as an endpoint sees it.
struct Exchange: Sendable {
    let request: Request
    /// What stands in the path where its template has `{name}`, decoded.
    let parameters: [String: String]
    /// The client's address, as far as trusted proxies say.
    let address: String?
    /// Bytes of a body at most.
    let bodyLimit: Int

    func query() throws(Problem) -> Form {
        let parts = (request.head.path ?? "").split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return try Form(parts.count > 1 ? parts[1] : "")
    }

    /// The body as a form. Fails with 413 and 415.
    func form() async throws -> Form {
        try expect("application/x-www-form-urlencoded")
        guard let text = String(validating: try await body(), as: UTF8.self) else {
            throw Problem.invalidRequest("the body is not UTF-8")
        }
        return try Form(text)
    }

    /// The body as JSON. Fails with 413, 415, and 400 with what is wrong in it.
    func json<T: Decodable>(_: T.Type = T.self) async throws -> T {
        try expect("application/json")
        do {
            return try JSONDecoder().decode(T.self, from: Data(try await body()))
        } catch let error as DecodingError {
            throw Problem.invalidRequest(error.sentence)
        }
    }

    private func expect(_ mediaType: String) throws {
        let given = request.headers[.contentType] ?? ""
        let essence = given.split(separator: ";").first.map { $0.lowercased() } ?? ""
        guard essence.filter({ $0 != " " }) == mediaType else {
            throw Problem(.unsupportedMediaType, "invalid_request", "the body must be \(mediaType)")
        }
    }

    private func body() async throws -> [UInt8] {
        let tooLarge = Problem(
            .contentTooLarge, "invalid_request", "the body is longer than \(bodyLimit) bytes",
            [.connection: "close"])
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > bodyLimit {
            throw tooLarge
        }
        var bytes: [UInt8] = []
        for try await part in request.body {
            bytes += part.readableBytesView
            guard bytes.count <= bodyLimit else { throw tooLarge }
        }
        return bytes
    }
}

extension DecodingError {
    /// What is wrong, without the value.
    fileprivate var sentence: String {
        switch self {
        case .keyNotFound(let key, _): "\(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            context.codingPath.last.map { "\($0.stringValue) is of the wrong type" }
                ?? "the body must be a JSON object"
        default: "the body is not JSON"
        }
    }
}
