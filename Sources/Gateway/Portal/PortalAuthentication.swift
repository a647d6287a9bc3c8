import Countersign
import FoundationEssentials
import HTTPService
import Hummingbird

/// Finds out which portal speaks: HTTP Basic (RFC 7617), or `client_id` and `client_secret` in the form
/// (RFC 6749 section 2.3.1), as the Access API takes both.
struct PortalAuthentication: Sendable {
    private let directory: PortalDirectory
    private let wrong = RefusalCounts(.init(name: 10, network: 100))

    init(_ directory: PortalDirectory) { self.directory = directory }

    /// - Parameter form: nil where there is no body: then credentials may stand in the query, which is the form of a
    ///   request without one. Fails with 401, or with 429 for who has sent many wrong secrets.
    func portal(_ request: IncomingRequest, _ form: Form? = nil) async throws -> KnownPortal {
        let hasHeader = request.headers[.authorization] != nil
        guard let (clientID, secret) = try hasHeader ? basic(request) : posted(form ?? request.query()) else {
            throw Self.refusal
        }
        let asker = request.client?.network.description ?? ""
        let entry = try await directory.entry(clientID, asker: asker)
        // The secret comes first: whoever has the right one is nobody's guesser.
        guard let entry, entry.digest.fits(secret) else {
            throw wrong.count(clientID, from: request.client) == .counted ? Self.refusal : Self.pause
        }
        LogContext.note("portal", entry.portal.name)
        return entry.portal
    }

    private static let pause = Problem(
        .tooManyRequests, "temporarily_unavailable",
        "too many wrong secrets from your address; wait a minute",
        [.retryAfter: "60"])

    static let refusal = Problem(
        .unauthorized, "invalid_client",
        "client authentication failed: unknown client, wrong secret, or no credentials",
        [.wwwAuthenticate: "Basic realm=\"countersign\", charset=\"UTF-8\""])

    /// Of RFC 7617: by bytes, as a mark that combines with the colon would hide it.
    private func basic(_ request: IncomingRequest) -> (String, String)? {
        guard let data = request.credentials("basic").flatMap({ Data(base64Encoded: Data($0.utf8)) }),
            let colon = data.firstIndex(of: UInt8(ascii: ":")),
            let id = String(validating: data[..<colon], as: UTF8.self),
            let secret = String(validating: data[(colon + 1)...], as: UTF8.self)
        else { return nil }
        return checked(id, secret)
    }

    private func posted(_ form: Form) -> (String, String)? {
        guard let id = form["client_id"], let secret = form["client_secret"] else { return nil }
        return checked(id, secret)
    }

    /// What can be no client id is not looked for.
    private func checked(_ id: String, _ secret: String) -> (String, String)? {
        let isPlausible = (1...255).contains(id.utf8.count) && id.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        return isPlausible && (1...512).contains(secret.utf8.count) ? (id, secret) : nil
    }
}
