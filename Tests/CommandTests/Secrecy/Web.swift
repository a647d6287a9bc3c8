import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Asks a server, without following redirects.
struct Web: Sendable {
    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let body: String

        /// Head and body.
        var text: String { "\(status)\n" + headers.map { "\($0.name): \($0.value)\n" }.joined() + body }

        func json(_ name: String) -> String? {
            let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
            return object?[name] as? String
        }
    }

    let base: String

    private static let client = HTTPClient(
        eventLoopGroupProvider: .singleton, configuration: .init(redirectConfiguration: .disallow))

    /// `form` and `json` are the body, the one or the other.
    func send(
        _ method: HTTPMethod, _ path: String, _ headers: [String: String] = [:],
        form: [String: String]? = nil,
        json: [String: String]? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let form {
            request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
            request.body = .bytes(Array(Self.encoded(form).utf8))
        }
        if let json {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(Array(try JSONEncoder().encode(json)))
        }
        let response = try await Self.client.execute(request, timeout: .seconds(30))
        let body = try await response.body.collect(upTo: 4 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: String(buffer: body))
    }

    private static func encoded(_ form: [String: String]) -> String {
        form.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&")
    }
}
