import Crypto
import FoundationEssentials

/// What the database keeps of a secret that we have made ourselves: `sha256$<base64>`. Such secrets have 192 random bits,
/// which nobody guesses from a digest: a slow hash would protect nothing, and whoever guesses would hold up everybody
/// whose secret is right. It is none for what people choose.
package struct SecretDigest: Sendable, Hashable {
    private let digest: [UInt8]

    package init(of secret: String) { digest = Array(SHA256.hash(data: Array(secret.utf8))) }

    /// Reads one from the database; nil when it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "sha256", let digest = Data(base64Encoded: String(parts[1])),
            digest.count == 32
        else { return nil }
        self.digest = [UInt8](digest)
    }

    /// For the database. Shows nothing of the secret.
    package var text: String { "sha256$" + Data(digest).base64EncodedString() }

    /// Whether it is the digest of that secret. Takes as long for right and wrong ones.
    package func fits(_ secret: String) -> Bool {
        constantTimeEqual(digest, Array(SHA256.hash(data: Array(secret.utf8))))
    }
}
