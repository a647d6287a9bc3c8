package import Countersign
import FoundationEssentials
package import Hummingbird

/// One request as a route sees it.
package struct IncomingRequest: Sendable {
    package let request: Request
    /// The client's address, as far as trusted proxies say.
    package let client: IPAddress?
    /// What goes on from it is part of that (W3C Trace Context).
    package let traceparent: String?
    private let parameters: Parameters
    /// Bytes of a body at most.
    private let bodyLimit: Int

    init(_ request: Request, _ context: ServiceContext, bodyLimit: Int) {
        self.request = request
        client = context.client
        traceparent = context.traceparent
        parameters = context.parameters
        self.bodyLimit = bodyLimit
    }

    package var headers: HTTPFields { request.headers }

    /// What stands behind the scheme's name in the Authorization header (RFC 9110 section 11.4), which is read in either
    /// case; nil where there is no such header, or it names another scheme.
    ///
    /// - Parameter scheme: in lower case.
    package func credentials(_ scheme: String) -> String? {
        // By bytes: a mark that combines with a space would hide it.
        let parts = (headers[.authorization] ?? "").utf8.split(separator: UInt8(ascii: " "))
        guard parts.count == 2, String(decoding: parts[0], as: UTF8.self).lowercased() == scheme else {
            return nil
        }
        return String(decoding: parts[1], as: UTF8.self)
    }

    /// What stands in the path where the route's path has `{name}`, decoded. Fails with 404 when it cannot be.
    package func parameter(_ name: String) throws(Problem) -> String {
        guard let value = parameters.get(name).flatMap({ percentDecoded($0.utf8) }) else {
            throw .notFound
        }
        return value
    }

    /// What stands behind the path's question mark. Fails with 400.
    package func query() throws(Problem) -> Form { try Form((request.uri.query ?? "").utf8) }

    /// The body as a form. Fails with 400, 413 and 415.
    ///
    /// - Parameter lenient: as in `Form`.
    package func form(lenient: Set<String> = []) async throws -> Form {
        try expect("application/x-www-form-urlencoded")
        return try Form(try await body(), lenient: lenient)
    }

    /// The body as JSON. Fails with 413, 415, and 400 with what is wrong in it.
    package func json<T: KnownFields>(_: T.Type = T.self) async throws -> T {
        try expect("application/json")
        let body = try await body()
        // The decoder would guess at UTF-16 and UTF-32, which nobody else reads there (RFC 8259 section 8.1).
        guard !body.starts(with: [0xEF, 0xBB, 0xBF]), !body.contains(0),
            String(validating: body, as: UTF8.self) != nil
        else {
            throw Problem.invalidRequest("the body is not JSON in UTF-8 without a byte order mark")
        }
        do {
            return try JSONDecoder().decode(OnlyKnownFields<T>.self, from: Data(body)).body
        } catch let error as DecodingError {
            throw Problem.invalidRequest(error.sentence)
        }
    }

    private func expect(_ mediaType: String) throws {
        let given = request.headers[.contentType] ?? ""
        let essence = given.utf8.prefix { $0 != UInt8(ascii: ";") }.filter { $0 != UInt8(ascii: " ") }
        guard String(decoding: essence, as: UTF8.self).lowercased() == mediaType else {
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
