import Countersign
import FoundationEssentials
import HTTPService
import Hummingbird

/// Finds out which portal speaks: HTTP Basic (RFC 7617), or `client_id` and `client_secret` in the form
/// (RFC 6749 section 2.3.1).
struct PortalAuthentication: Sendable {
    private let directory: PortalDirectory
    private let hashes: SlowHashes
    private let known = KnownSecrets()

    init(_ directory: PortalDirectory, hashes: SlowHashes = SlowHashes()) {
        self.directory = directory
        self.hashes = hashes
    }

    /// - Parameter form: nil where there is none. Fails with 401, or with 429 when too many try at once.
    func portal(_ request: IncomingRequest, _ form: Form? = nil) async throws -> KnownPortal {
        guard let (clientID, secret) = credentials(request.headers[.authorization], form) else {
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

    private func credentials(_ header: String?, _ form: Form?) -> (String, String)? {
        guard let header else {
            guard let form, let id = form["client_id"], let secret = form["client_secret"] else { return nil }
            return checked(id, secret)
        }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "basic",
            let data = Data(base64Encoded: String(parts[1].filter { $0 != " " })),
            let text = String(validating: data, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return nil }
        return checked(String(text[..<colon]), String(text[text.index(after: colon)...]))
    }

    /// What can be no client id is not looked for.
    private func checked(_ id: String, _ secret: String) -> (String, String)? {
        let isPlausible = (1...63).contains(id.utf8.count) && id.utf8.allSatisfy { $0 > 32 && $0 < 127 }
        return isPlausible && (1...512).contains(secret.utf8.count) ? (id, secret) : nil
    }
}
