import Countersign
import Engine
import FoundationEssentials
import HTTPService
import Hummingbird
import JWTKit
import Postgres

/// Finds out which user of the app speaks, by a bearer token (RFC 6750) that is a signed JWT (RFC 7519).
struct TokenVerifier: Sendable {
    let rules: TokenRules
    let keys: KeySet
    /// Whether a token is over is judged by the database's time, as all else is.
    let clock: DatabaseClock
    var verified = VerifiedTokens()

    /// So far the clocks of the issuer and of the database may differ.
    private static let leeway = 30.0
    private static let longest = 8_192

    /// The user: the token's `sub`. Fails with 401, for whatever reason with the same words; the log has the reason.
    func user(_ request: IncomingRequest) async throws -> String {
        guard let token = request.credentials("bearer") else {
            throw Problem(
                .unauthorized, "invalid_request", "a bearer token is needed",
                [.wwwAuthenticate: "Bearer realm=\"countersign\""])
        }
        let claims: TokenClaims
        do {
            claims = try await checked(Array(token.utf8))
        } catch let refusal as TokenRefusal {
            LogContext.note("refused", refusal.rawValue)
            throw Self.refusal
        }
        LogContext.note("app", rules.app)
        return claims.sub
    }

    static let refusal = Problem(
        .unauthorized, "invalid_token", "the token is not valid, or not for this API",
        [.wwwAuthenticate: "Bearer realm=\"countersign\", error=\"invalid_token\""])

    /// What it says, if its issuer has signed it and it fulfils the rules now.
    func checked(_ token: [UInt8]) async throws -> TokenClaims {
        guard token.count <= Self.longest else { throw TokenRefusal.tooLong }
        if let edition = keys.edition(), let claims = verified.claims(of: token, edition) {
            try check(claims)
            return claims
        }
        let (claims, edition) = try await verify(token)
        try check(claims)
        verified.remember(claims, of: token, edition)
        return claims
    }

    /// What it says, if its issuer has signed it, and the edition of the keys by which that was found.
    private func verify(_ token: [UInt8]) async throws -> (TokenClaims, edition: Int) {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let decoded = parts.compactMap { base64URLDecoded($0) }
        guard parts.count == 3, decoded.count == 3, let header: TokenHeader = read(decoded[0]) else {
            throw TokenRefusal.malformed
        }
        let algorithm = try algorithm(of: header)
        let signed = token.dropLast(parts[2].count + 1)
        let (verifiers, edition) = await keys.verifiers(header.kid, algorithm)
        guard !verifiers.isEmpty else { throw TokenRefusal.key }
        let isGenuine = verifiers.contains { (try? $0.verify(decoded[2], signs: signed)) == true }
        guard isGenuine else { throw TokenRefusal.signature }
        guard let claims: TokenClaims = read(decoded[1]) else { throw TokenRefusal.claims }
        return (claims, edition)
    }

    private func read<T: Decodable>(_ text: [UInt8]) -> T? {
        guard isObjectWithUniqueNames(text) else { return nil }
        return try? JSONDecoder().decode(T.self, from: Data(text))
    }

    private func algorithm(of header: TokenHeader) throws -> String {
        guard !header.hasCritical else { throw TokenRefusal.critical }
        guard header.isAccessToken || (rules.takesUntyped && header.isUntyped) else {
            throw TokenRefusal.type
        }
        guard rules.allows(header.alg) else { throw TokenRefusal.algorithm }
        return TokenRules.canonical(header.alg)
    }

    private func check(_ claims: TokenClaims) throws {
        let now = Double(clock.now.microseconds) / 1e6
        let life = rules.longestLife / .seconds(1)
        let latest = now + Self.leeway
        for (isFine, refusal) in [
            (haveSameBytes(claims.iss, rules.issuer), TokenRefusal.issuer),
            (claims.aud.contains { haveSameBytes($0, rules.audience) }, .audience),
            ((1...255).contains(claims.sub.unicodeScalars.count), .user),
            (claims.exp > now, .expired), (claims.nbf ?? now <= latest, .notYet),
            (claims.iat ?? now <= latest, .issuedLater),
            // One that does not say when it was issued may have been just now.
            (claims.exp - min(claims.iat ?? now, now) <= life, .lifetime),
            (!claims.isBound, .bound),
            (
                rules.scopes.allSatisfy { asked in claims.scopes.contains { haveSameBytes($0, asked) } },
                .scope
            ),
        ] where !isFine { throw refusal }
    }
}
