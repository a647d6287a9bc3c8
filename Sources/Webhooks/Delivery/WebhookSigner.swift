import Crypto
import Foundation

/// Signs as Standard Webhooks 1.0.0: `v1` is HMAC-SHA256, `v1a` ed25519, each over `id.timestamp.body`.
package struct WebhookSigner: Sendable {
    /// Standard Webhooks asks for 24 to 64 bytes; an empty secret would let anybody forge.
    package struct WeakSecret: Error {}

    /// With the key in them: to begin one takes two rounds of the hash.
    private let codes: [HMAC<SHA256>]
    private let key: Curve25519.Signing.PrivateKey?

    /// The first secret is the current one; `key` is the 32-byte seed of an ed25519 key.
    package init(secrets: [[UInt8]], key: [UInt8]? = nil) throws {
        guard !secrets.isEmpty, secrets.allSatisfy({ (24...64).contains($0.count) }) else {
            throw WeakSecret()
        }
        codes = secrets.map { HMAC(key: SymmetricKey(data: $0)) }
        self.key = try key.map { try Curve25519.Signing.PrivateKey(rawRepresentation: $0) }
    }

    /// The value of `webhook-signature`: signatures with a space between.
    package func signature(id: String, seconds: Int64, body: [UInt8]) throws -> String {
        let prefix = Array("\(id).\(seconds).".utf8)
        var signatures = codes.map { code in
            var code = code
            code.update(data: prefix)
            code.update(data: body)
            return "v1," + Data(code.finalize()).base64EncodedString()
        }
        if let key {
            signatures.append("v1a," + (try key.signature(for: prefix + body)).base64EncodedString())
        }
        return signatures.joined(separator: " ")
    }
}
