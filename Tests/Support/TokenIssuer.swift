package import Crypto
package import Foundation

/// Issues access tokens, with nothing of the product's own code: a key pair, its JWKS in a file, and claims.
package final class TokenIssuer: Sendable {
    package static let issuer = "https://id.example"
    package static let audience = "countersign"

    package let key = P256.Signing.PrivateKey()
    package let file = FileManager.default.temporaryDirectory.appending(path: "jwks-\(UUID()).json")

    package init() throws { try publish(["one": key]) }

    deinit { try? FileManager.default.removeItem(at: file) }

    package func publish(_ keys: [String: P256.Signing.PrivateKey]) throws {
        let list = keys.map { name, key -> [String: String] in
            let point = key.publicKey.rawRepresentation
            return [
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": name,
                "x": base64URL(point.prefix(32)), "y": base64URL(point.suffix(32)),
            ]
        }
        // A kind that nobody knows must not spoil the others.
        let strange = ["kty": "quantum", "kid": "strange"]
        try JSONSerialization.data(withJSONObject: ["keys": list + [strange]]).write(to: file)
    }

    /// What a server is told of it by arguments; `app` is the one whose users it knows.
    package func arguments(app: String) -> [String] {
        [
            "--jwks", file.path, "--jwt-issuer", Self.issuer, "--jwt-audience", Self.audience, "--jwt-app",
            app,
        ]
    }

    package func token(
        _ user: String = "alice", claims: [String: any Sendable] = [:], header: [String: any Sendable] = [:],
        key: P256.Signing.PrivateKey? = nil
    ) throws -> String {
        let signed = try unsigned(user, claims: claims, header: header)
        let signature = try (key ?? self.key).signature(for: Data(signed.utf8)).rawRepresentation
        return "\(signed).\(base64URL(signature))"
    }

    /// Header and claims, joined by a dot.
    package func unsigned(
        _ user: String = "alice", claims: [String: any Sendable] = [:], header: [String: any Sendable] = [:]
    ) throws -> String {
        var all: [String: any Sendable] = [
            "iss": Self.issuer, "aud": Self.audience, "sub": user,
            "exp": Int(Date().timeIntervalSince1970) + 600,
        ]
        all.merge(claims) { $1 }
        var head: [String: any Sendable] = ["alg": "ES256", "typ": "at+jwt", "kid": "one"]
        head.merge(header) { $1 }
        return try [head, all].map { base64URL(try JSONSerialization.data(withJSONObject: $0)) }.joined(
            separator: ".")
    }
}

/// Base64 as in codes and tokens: for URLs, and without padding.
package func base64URL(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
        "=", with: "")
}
