package import AsyncHTTPClient
import Foundation
import NIOCore
package import NIOHTTP1

/// Asks a server, without following redirects. Keeps one cookie.
package struct Browser: Sendable {
    package struct Answer: Sendable {
        package let status: Int
        package let headers: HTTPHeaders
        package let body: String

        package func header(_ name: String) -> String? { headers.first(name: name) }

        /// Head and body.
        package var text: String {
            "\(status)\n" + headers.map { "\($0.name): \($0.value)\n" }.joined() + body
        }

        /// A text of the body, which is a JSON object.
        package func json(_ name: String) -> String? {
            let object = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]
            return object?[name] as? String
        }
    }

    package let base: String
    package var cookie: String?

    package init(base: String) { self.base = base }

    /// Waits for a connection as long as for anything: ten seconds are too few for a machine that does much else.
    package static let client = {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(patience.components.seconds)
        configuration.decompression = .disabled
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    package func get(_ path: String, headers: [(String, String)] = []) async throws -> Answer {
        try await ask(.GET, path, headers)
    }

    package func head(_ path: String) async throws -> Answer { try await ask(.HEAD, path, []) }

    /// A form as a page of this server would send it.
    package func post(
        _ path: String, _ fields: [(String, String)],
        headers: [(String, String)] = [("sec-fetch-site", "same-origin")]
    ) async throws -> Answer {
        try await ask(.POST, path, headers + [Self.formType], Self.encoded(fields))
    }

    /// `form` and `json` are the body, the one or the other.
    package func send(
        _ method: HTTPMethod, _ path: String, _ headers: [String: String] = [:],
        form: [String: String]? = nil, json: [String: String]? = nil
    ) async throws -> Answer {
        var headers = headers.map { ($0.key, $0.value) }
        var body: String?
        if let form {
            headers.append(Self.formType)
            body = Self.encoded(form.map { ($0.key, $0.value) })
        } else if let json {
            headers.append(("content-type", "application/json"))
            body = String(decoding: try JSONEncoder().encode(json), as: UTF8.self)
        }
        return try await ask(method, path, headers, body)
    }

    private func ask(
        _ method: HTTPMethod, _ path: String, _ headers: [(String, String)], _ body: String? = nil
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        request.headers.add(contentsOf: headers)
        if let cookie { request.headers.add(name: "cookie", value: cookie) }
        if let body { request.body = .bytes(Array(body.utf8)) }
        let response = try await Self.client.execute(request, timeout: .seconds(patience.components.seconds))
        let bytes = try await response.body.collect(upTo: 4 << 20)
        return Answer(
            status: Int(response.status.code), headers: response.headers, body: String(buffer: bytes))
    }

    private static let formType = ("content-type", "application/x-www-form-urlencoded")

    private static func encoded(_ fields: [(String, String)]) -> String {
        fields.map { name, value in
            "\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")"
        }.joined(separator: "&")
    }
}
