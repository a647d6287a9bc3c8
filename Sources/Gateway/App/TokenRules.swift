package import FoundationEssentials
import NIOSSL

/// What an access token (RFC 9068, RFC 8725) must fulfil, and which app its user belongs to.
package struct TokenRules: Sendable {
    /// Algorithms that a token may be signed with. All have a private key: with a shared one, whoever can verify
    /// could sign.
    package static let algorithms = [
        "ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512",
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
    /// An unknown key is asked for at most so often.
    package var refreshInterval = Duration.seconds(30)
    /// Keys are fetched again after so long, so that withdrawn ones go.
    package var keyLifetime = Duration.seconds(300)

    package init(keys: URL, issuer: String, audience: String, app: String) {
        (self.keys, self.issuer, self.audience, self.app) = (keys, issuer, audience, app)
    }

    /// Trusts the address of the keys by the certificates in a PEM file alone. False when it cannot be read or holds
    /// none.
    package mutating func trustKeys(by file: String) -> Bool {
        guard let roots = try? NIOSSLCertificate.fromPEMFile(file), !roots.isEmpty else { return false }
        keysTrustRoots = roots
        return true
    }
}
