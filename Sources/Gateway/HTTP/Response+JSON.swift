import FoundationEssentials
import Hummingbird

extension Response {
    /// A body in JSON, with the headers that every answer of the two APIs carries.
    static func json(
        _ value: some Encodable, _ status: HTTPResponse.Status = .ok, _ headers: HTTPFields = [:]
    ) -> Response {
        var fields = headers
        fields[.contentType] = "application/json;charset=UTF-8"
        let body = ResponseBody(byteBuffer: ByteBuffer(string: jsonText(value)))
        return Response(status: status, headers: fields.uncached(), body: body)
    }

    /// An answer without a body.
    static func empty(_ status: HTTPResponse.Status, _ headers: HTTPFields = [:]) -> Response {
        Response(status: status, headers: headers.uncached())
    }
}

extension HTTPFields {
    /// Answers hold codes and users: nobody between us and the client may keep them.
    func uncached() -> HTTPFields {
        var fields = self
        fields[.cacheControl] = "no-cache, no-store, must-revalidate"
        fields[.pragma] = "no-cache"
        fields[.xContentTypeOptions] = "nosniff"
        return fields
    }
}

/// Ours are structs of texts, numbers and truth values, which always have a form in JSON.
func jsonText(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    // Sorted, so that two answers with the same content are the same bytes.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { preconditionFailure("a value without a form in JSON") }
    return String(decoding: data, as: UTF8.self)
}
