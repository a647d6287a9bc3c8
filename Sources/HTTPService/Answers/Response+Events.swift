package import Hummingbird

/// Server-sent events (HTML Living Standard section 9.2), written as they come.
extension Response {
    /// An answer that goes on until the body returns; then the connection ends, as clients expect.
    package static func events(
        _ headers: HTTPFields = [:],
        _ body: @escaping @concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        var fields = headers
        fields[.contentType] = "text/event-stream"
        fields[.connection] = "close"
        return Response(
            status: .ok, headers: fields,
            body: ResponseBody { writer in
                try await body(&writer)
                try await writer.finish(nil)
            })
    }
}

extension ResponseBodyWriter {
    /// - Parameter text: without line ends, as JSON text is.
    @concurrent
    package mutating func send(event text: String) async throws {
        try await write(ByteBuffer(string: "data: \(text)\n\n"))
    }

    /// A comment, which shows that the reader is still there.
    @concurrent
    package mutating func sendNothing() async throws {
        try await write(ByteBuffer(string: ": still here\n\n"))
    }
}
