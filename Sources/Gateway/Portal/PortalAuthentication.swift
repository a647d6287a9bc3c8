import Countersign
import FoundationEssentials
import HTTPService
import Hummingbird

/// Finds out which portal speaks: HTTP Basic (RFC 7617), or `client_id` and `client_secret` in the form
/// (RFC 6749 section 2.3.1), as the Access API takes both.
struct PortalAuthentication: Sendable {
    private let directory: PortalDirectory
    private let hashes: SlowHashes
    private let known = KnownSecrets()

    init(_ directory: PortalDirectory, hashes: SlowHashes = SlowHashes()) {
        self.directory = directory
        self.hashes = hashes
    }

    /// - Parameter form: nil where there is no body: then credentials may stand in the query, which is the form of a
    ///   request without one. Fails with 401, or with 429 when too many try at once.
    func portal(_ request: IncomingRequest, _ form: Form? = nil) async throws -> KnownPortal {
        let header = request.headers[.authorization]
        guard let (clientID, secret) = try header.map(basic) ?? posted(form ?? request.query()) else {
            throw Self.refusal
        }
        guard let entry = try await directory.entry(clientID) else {
            _ = try await hashes.compute { SecretHash.decoy.fits(secret) }
            throw Self.refusal
        }
        if !known.contains(clientID, secret, entry.hash) {
            guard try await hashes.compute({ entry.hash.fits(secret) }) else { throw Self.refusal }
            known.insert(clientID, secret, entry.hash)
        }
        LogContext.note("portal", entry.portal.name)
        return entry.portal
    }

    static let refusal = Problem(
        .unauthorized, "invalid_client",
        "client authentication failed: unknown client, wrong secret, or no credentials",
        [.wwwAuthenticate: "Basic realm=\"countersign\", charset=\"UTF-8\""])

    /// Of RFC 7617: by bytes, as a mark that combines with the colon would hide it.
    private func basic(_ header: String) -> (String, String)? {
        let parts = header.utf8.split(separator: UInt8(ascii: " "))
        guard parts.count == 2, String(decoding: parts[0], as: UTF8.self).lowercased() == "basic",
            let data = Data(base64Encoded: Data(parts[1])),
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
