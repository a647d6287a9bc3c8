import Hummingbird

/// One method on one path, in which `{name}` stands for a segment.
struct Endpoint: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let handle: @Sendable (Exchange) async throws -> Response

    private let segments: [Substring]

    init(
        _ method: HTTPRequest.Method, _ path: String,
        _ handle: @escaping @Sendable (Exchange) async throws -> Response
    ) {
        (self.method, self.path, self.handle) = (method, path, handle)
        segments = path.split(separator: "/", omittingEmptySubsequences: false)
    }

    /// The parameters, if the segments of a request's path fit; they are decoded already.
    func match(_ given: [String]) -> [String: String]? {
        guard given.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, value) in zip(segments, given) {
            if segment.hasPrefix("{") {
                guard !value.isEmpty else { return nil }
                parameters[String(segment.dropFirst().dropLast())] = value
            } else if segment != value {
                return nil
            }
        }
        return parameters
    }
}
