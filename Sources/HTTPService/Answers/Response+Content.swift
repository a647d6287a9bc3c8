import Countersign
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
