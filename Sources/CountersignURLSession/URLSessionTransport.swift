public import CountersignApp

#if canImport(FoundationNetworking)
    import Foundation
    public import FoundationNetworking
#else
    public import Foundation
#endif

/// Over Foundation's `URLSession`, without cookies, caches and redirections: code and token are for one address alone.
public struct URLSessionTransport: Transport {
    private let session: URLSession

    /// - Parameter configuration: as for certificate pinning; by default one that stores nothing. The server waits
    ///   up to 10 s for a verdict: the time limit is 20 s.
    public init(_ configuration: URLSessionConfiguration = .ephemeral) {
        configuration.timeoutIntervalForRequest = 20
        configuration.httpShouldSetCookies = false
        session = URLSession(configuration: configuration, delegate: NoRedirections(), delegateQueue: nil)
    }

    public func send(_ request: TransportRequest) async throws -> TransportAnswer {
        var sent = URLRequest(url: request.url)
        sent.httpMethod = request.method
        if !request.body.isEmpty { sent.httpBody = request.body }
        for (name, value) in request.headers { sent.setValue(value, forHTTPHeaderField: name) }
        let (body, response) = try await session.data(for: sent)
        guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
        let headers = response.allHeaderFields.compactMap { name, value in
            (name as? String).map { ($0.lowercased(), "\(value)") }
        }
        return TransportAnswer(
            status: response.statusCode, headers: Dictionary(headers) { first, _ in first }, body: body)
    }
}

private final class NoRedirections: NSObject, URLSessionTaskDelegate {
    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) { completionHandler(nil) }
}
