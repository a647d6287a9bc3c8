import Crypto
import Foundation

/// Issues access tokens of an app's users.
struct Issuer {
    private let key = P256.Signing.PrivateKey()
    let keys = FileManager.default.temporaryDirectory.appending(path: "jwks-\(UUID().uuidString).json")

    init() throws {
        let point = key.publicKey.rawRepresentation
        let jwk = [
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one",
            "x": Self.url(point.prefix(32)), "y": Self.url(point.suffix(32)),
        ]
        try JSONSerialization.data(withJSONObject: ["keys": [jwk]]).write(to: keys)
    }

    /// Of `countersign run`.
    var arguments: [String] {
        [
            "--jwks", keys.path, "--jwt-issuer", "https://id.example", "--jwt-audience", "countersign",
            "--jwt-app",
            "mobile",
        ]
    }

    func token(_ user: String) throws -> String {
        let expiry = Int(Date().timeIntervalSince1970) + 600
        let claims: [String: any Sendable] = [
            "iss": "https://id.example", "aud": "countersign", "sub": user, "exp": expiry,
        ]
        let parts = try [["alg": "ES256", "kid": "one"], claims].map {
            Self.url(try JSONSerialization.data(withJSONObject: $0))
        }
        let signed = parts.joined(separator: ".")
        return "\(signed).\(Self.url(try key.signature(for: Data(signed.utf8)).rawRepresentation))"
    }

    private static func url(_ bytes: Data) -> String {
        bytes.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing(
            "=", with: "")
    }
}
