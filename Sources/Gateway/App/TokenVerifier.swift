import Countersign
import FoundationEssentials
import HTTPService
import Hummingbird
import JWTKit
import Logging

/// Finds out which user of the app speaks, by a bearer token (RFC 6750) that is a signed JWT (RFC 7519).
struct TokenVerifier: Sendable {
    let rules: TokenRules
    let keys: KeySet

    private struct Header: Decodable {
        let alg: String
        let kid: String?
        let crit: [String]?
    }

    private struct Claims: JWTPayload {
        let iss: String
        let aud: AudienceClaim
        let exp: ExpirationClaim
        let nbf: NotBeforeClaim?
        let sub: String

        /// The signature is right; what it signs is looked at by the verifier.
        func verify(using algorithm: some JWTAlgorithm) {}
    }

    /// The user: the token's `sub`. Fails with 401, for whatever reason with the same words.
    func user(_ request: IncomingRequest) async throws -> String {
        let parts = (request.headers[.authorization] ?? "").utf8.split(separator: UInt8(ascii: " "))
        guard parts.count == 2, String(decoding: parts[0], as: UTF8.self).lowercased() == "bearer" else {
            throw Problem(
                .unauthorized, "invalid_request", "a bearer token is needed",
                [.wwwAuthenticate: "Bearer realm=\"countersign\""])
        }
        guard let claims = await claims(of: String(decoding: parts[1], as: UTF8.self)), isFulfilled(claims)
        else { throw Self.refusal }
        LogContext.note("app", rules.app)
        return claims.sub
    }

    static let refusal = Problem(
        .unauthorized, "invalid_token", "the token is not valid, or not for this API",
        [.wwwAuthenticate: "Bearer realm=\"countersign\", error=\"invalid_token\""])

    private func claims(of token: String) async -> Claims? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard token.utf8.count <= 8_192, parts.count == 3, let data = base64URLDecoded(String(parts[0])),
            let header = try? JSONDecoder().decode(Header.self, from: Data(data)),
            header.crit == nil, rules.allowed.contains(header.alg), let key = await keys.key(header.kid),
            key.algorithm ?? header.alg == header.alg, key.type == Self.keyType(of: header.alg)
        else { return nil }
        return try? await key.verifier.verify(token, as: Claims.self)
    }

    /// The kind of key belongs to the algorithm: a token must not choose another use for it (RFC 8725 3.1).
    private static func keyType(of algorithm: String) -> String {
        switch algorithm.prefix(2) {
        case "ES": "EC"
        case "Ed": "OKP"
        default: "RSA"
        }
    }

    private func isFulfilled(_ claims: Claims) -> Bool {
        let now = Date.now
        return claims.iss == rules.issuer && claims.aud.value.contains(rules.audience)
            && claims.exp.value > now && claims.nbf.map { $0.value <= now.addingTimeInterval(30) } ?? true
            && (1...255).contains(claims.sub.unicodeScalars.count)
    }
}

/// RFC 4648 section 5, without padding; nil for anything else.
func base64URLDecoded(_ text: String) -> [UInt8]? {
    guard !text.utf8.contains(where: { "+/=".utf8.contains($0) }) else { return nil }
    let standard = text.replacing("-", with: "+").replacing("_", with: "/")
    let padding = String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
    return Data(base64Encoded: standard + padding).map { [UInt8]($0) }
}
