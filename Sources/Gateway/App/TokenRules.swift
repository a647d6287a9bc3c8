package import FoundationEssentials
import NIOSSL

/// What an access token (RFC 9068, RFC 8725) must fulfil, and which app its user belongs to.
package struct TokenRules: Sendable {
    /// Algorithms that a token may be signed with. All have a private key: with a shared one, whoever can verify
    /// could sign.
    package static let algorithms = [
        "ES256", "ES384", "ES512", "Ed25519", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512",
    ]

    /// Where the keys are: an https address, a file, or, on this machine, an http address.
    package var keys: URL
    /// Certificates that the https address is trusted by; nil is the system's.
    private(set) var keysTrustRoots: [NIOSSLCertificate]?
    /// `iss`, exactly.
    package var issuer: String
    /// One of `aud`.
    package var audience: String
    /// The app whose users the tokens name, as `countersign app add` called it.
    package var app: String
    package var allowed: Set<String> = ["ES256", "ES384", "EdDSA", "PS256", "RS256"]
    /// Scopes that a token must all have; none is asked for when it is empty.
    package var scopes: Set<String> = []
    /// From `iat`, or else from now, to `exp`: a token that is lost counts for no longer.
    package var longestLife = Duration.seconds(86_400)
    /// Takes tokens without a `typ`, or with that of any JWT, from issuers who do not say `at+jwt`. Then an ID token with
    /// this audience passes, too, unless a scope is asked for.
    package var takesUntyped = false
    /// An unknown key is asked for at most so often.
    package var refreshInterval = Duration.seconds(30)
    /// So long an issuer may take, from the look-up of its name to the last byte of the keys.
    package var keyPatience = Duration.seconds(5)
    /// Keys count for so long after they were fetched, and are fetched again after half of it.
    package var keyLifetime = Duration.seconds(300)

    package init(keys: URL, issuer: String, audience: String, app: String) {
        (self.keys, self.issuer, self.audience, self.app) = (keys, issuer, audience, app)
    }

    func allows(_ algorithm: String) -> Bool {
        allowed.contains { Self.canonical($0) == Self.canonical(algorithm) }
    }

    /// `Ed25519` is the new name (RFC 9864) of what `EdDSA` (RFC 8037) was with the curve of the key.
    static func canonical(_ algorithm: String) -> String { algorithm == "Ed25519" ? "EdDSA" : algorithm }

    /// Trusts the address of the keys by the certificates in a PEM file alone. False when it cannot be read or holds
    /// none.
    package mutating func trustKeys(by file: String) -> Bool {
        guard let roots = try? NIOSSLCertificate.fromPEMFile(file), !roots.isEmpty else { return false }
        keysTrustRoots = roots
        return true
    }
}
