public import Foundation

/// Carries one request over HTTP. `URLSessionTransport` of the module CountersignURLSession is one; an app that has a
/// client of its own writes another.
public protocol Transport: Sendable {
    /// - Throws: anything, when no whole answer has come: then the same is sent again.
    func send(_ request: TransportRequest) async throws -> TransportAnswer
}

public struct TransportRequest: Sendable {
    public let method: String
    public let url: URL
    /// Secrets are among them: they belong into no log.
    public let headers: [String: String]
    public let body: Data
}

public struct TransportAnswer: Sendable {
    public let status: Int
    /// The names in lower case.
    public let headers: [String: String]
    public let body: Data

    public init(status: Int, headers: [String: String], body: Data) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}
