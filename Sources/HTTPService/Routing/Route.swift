package import Hummingbird

/// One method on one path, in which `{name}` stands for a segment.
package struct Route: Sendable {
    package typealias Handler = @Sendable (IncomingRequest) async throws -> Response

    package let method: HTTPRequest.Method
    package let path: String
    package let handle: Handler

    package init(_ method: HTTPRequest.Method, _ path: String, _ handle: @escaping Handler) {
        (self.method, self.path, self.handle) = (method, path, handle)
    }
}
