import Crypto
import Foundation
import Gateway

/// Issues access tokens, with nothing of the product's own code: a key pair, its JWKS in a file, and claims.
final class Issuer: Sendable {
    static let issuer = "https://id.example"
    static let audience = "countersign"

    let key = P256.Signing.PrivateKey()
    let file = FileManager.default.temporaryDirectory.appending(path: "jwks-\(UUID()).json")

    init() throws { try publish(["one": key]) }

    deinit { try? FileManager.default.removeItem(at: file) }

    func publish(_ keys: [String: P256.Signing.PrivateKey]) throws {
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

    func rules(app: String) -> TokenRules {
        var rules = TokenRules(keys: file, issuer: Self.issuer, audience: Self.audience, app: app)
        rules.refreshInterval = .zero
        return rules
    }

    func token(
        _ user: String = "alice", claims: [String: any Sendable] = [:], header: [String: any Sendable] = [:],
        key: P256.Signing.PrivateKey? = nil
    ) throws -> String {
        let signed = try unsigned(user, claims: claims, header: header)
        let signature = try (key ?? self.key).signature(for: Data(signed.utf8)).rawRepresentation
        return "\(signed).\(base64URL(signature))"
    }

    /// Header and claims, joined by a dot.
    func unsigned(
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

func base64URL(_ bytes: some Sequence<UInt8>) -> String {
    Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
        "=", with: "")
}
