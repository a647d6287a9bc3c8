import FoundationEssentials
package import Hummingbird

extension Response {
    /// A body in JSON.
    package static func json(
        _ value: some Encodable, _ status: HTTPResponse.Status = .ok, _ headers: HTTPFields = [:]
    ) -> Response {
        content(jsonText(value), "application/json;charset=UTF-8", status, headers)
    }

    package static func text(
        _ text: String, _ status: HTTPResponse.Status = .ok, _ headers: HTTPFields = [:]
    ) -> Response {
        content(text, "text/plain; charset=utf-8", status, headers)
    }

    /// An answer without a body.
    package static func empty(_ status: HTTPResponse.Status, _ headers: HTTPFields = [:]) -> Response {
        Response(status: status, headers: headers)
    }

    /// - Parameter type: the media type, with its charset.
    package static func content(
        _ text: String, _ type: String, _ status: HTTPResponse.Status = .ok, _ headers: HTTPFields = [:]
    ) -> Response {
        content(ByteBuffer(string: text), type, status, headers)
    }

    package static func content(
        _ bytes: ByteBuffer, _ type: String, _ status: HTTPResponse.Status = .ok, _ headers: HTTPFields = [:]
    ) -> Response {
        var fields = headers
        fields[.contentType] = type
        return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: bytes))
    }
}

/// Ours are structs of texts, numbers and truth values, which always have a form in JSON.
package func jsonText(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    // Sorted, so that two answers with the same content are the same bytes.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { preconditionFailure("a value without a form in JSON") }
    return String(decoding: data, as: UTF8.self)
}
