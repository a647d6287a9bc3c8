public import CountersignApp
public import Foundation

extension Client {
    /// Over Foundation's `URLSession`.
    ///
    /// - Parameters:
    ///   - server: as `https://sign-in.example`. Plain HTTP is for this machine alone: whoever reads a token on its
    ///     way can be the user.
    ///   - token: gives the user's access token (RFC 9068), a fresh one when the last has ended.
    public init(_ server: URL, token: @escaping @Sendable () async throws -> String) {
        self.init(server, transport: URLSessionTransport(), token: token)
    }
}
