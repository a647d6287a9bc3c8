import Crypto
import CryptoExtras
import FoundationEssentials

/// The slow hash of a password of the console's operators: `scrypt$<log2 N>,<r>,<p>$<salt>$<hash>`, base64. The hash is an
/// HMAC-SHA256 of a fixed text under the key that scrypt (RFC 7914) derives from the secret. Secrets of portals are our
/// own and need none: see `SecretDigest`.
///
/// It says with what it was made, so that the costs can be raised for new ones. The defaults take 32 MiB and
/// some 60 to 100 ms.
package struct SecretHash: Sendable, Hashable {
    /// For the database. Shows nothing of the secret.
    package let text: String
    private let rounds: Int
    private let blockSize: Int
    private let parallelism: Int
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Of a new secret, with a new salt. Blocks for its time.
    ///
    /// - Parameter cost: the binary logarithm of scrypt's N, 1 to 18.
    package init(of secret: String, cost: Int = 15) throws {
        let salt = randomBytes(16)
        let key = try Self.derive(secret, salt, rounds: 1 << cost, blockSize: 8, parallelism: 1)
        let hash = [UInt8](HMAC<SHA256>.authenticationCode(for: Self.label, using: key))
        let texts = [salt, hash].map { Data($0).base64EncodedString() }
        self.init("scrypt$\(cost),8,1$\(texts[0])$\(texts[1])", 1 << cost, 8, 1, salt, hash)
    }

    /// Reads one from the database; nil when it is none, or asks for more than 256 MiB.
    package init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "scrypt", let salt = Data(base64Encoded: String(parts[2])),
            let hash = Data(base64Encoded: String(parts[3])), hash.count == 32
        else { return nil }
        let costs = parts[1].split(separator: ",").compactMap { Int($0) }
        guard costs.count == 3, (1...20).contains(costs[0]), (1...32).contains(costs[1]),
            (1...16).contains(costs[2]), costs[1] << costs[0] <= 1 << 21
        else { return nil }
        self.init(text, 1 << costs[0], costs[1], costs[2], [UInt8](salt), [UInt8](hash))
    }

    /// What a name is checked against that there is not, so that it takes as long as a wrong secret. Nobody knows
    /// what it is the hash of.
    package static let decoy = SecretHash(
        "", 1 << 15, 8, 1, [UInt8](repeating: 0, count: 16), [UInt8](repeating: 0, count: 32))

    private init(
        _ text: String, _ rounds: Int, _ blockSize: Int, _ parallelism: Int, _ salt: [UInt8], _ hash: [UInt8]
    ) {
        (self.text, self.rounds, self.blockSize, self.parallelism) = (text, rounds, blockSize, parallelism)
        (self.salt, self.hash) = (salt, hash)
    }

    /// Whether it is the hash of that secret. Blocks for its time, which is the same for right and wrong ones.
    package func fits(_ secret: String) -> Bool {
        let key = try? Self.derive(
            secret, salt, rounds: rounds, blockSize: blockSize, parallelism: parallelism)
        guard let key else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(hash, authenticating: Self.label, using: key)
    }

    private static let label = Data("countersign secret".utf8)

    private static func derive(
        _ secret: String, _ salt: [UInt8], rounds: Int, blockSize: Int, parallelism: Int
    ) throws -> SymmetricKey {
        try KDF.Scrypt.deriveKey(
            from: Data(secret.utf8), salt: Data(salt), outputByteCount: 32, rounds: rounds,
            blockSize: blockSize, parallelism: parallelism)
    }
}
