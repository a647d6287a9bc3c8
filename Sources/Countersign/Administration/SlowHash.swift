import Crypto
import CryptoExtras
import FoundationEssentials

/// Passwords as scrypt hashes (RFC 7914): `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>`, base64, where the hash is an HMAC
/// under scrypt's key, whose bytes swift-crypto gives only to unsafe code. One takes about 60 ms and 16 MiB, so that guessing from a stolen table is slow; do not check more than a few at a time.
package enum SlowHash {
    private static let cost = (rounds: 14, blockSize: 8, parallelism: 1)

    package static func make(_ password: String) -> String {
        let salt = randomBytes(16)
        let hash = derive(password, salt, rounds: cost.rounds, cost.blockSize, cost.parallelism) ?? []
        let parts = [
            "\(cost.rounds)", "\(cost.blockSize)", "\(cost.parallelism)", base64(salt), base64(hash),
        ]
        return "scrypt$" + parts.joined(separator: "$")
    }

    /// False also for what is no such hash. Takes the same time for every password.
    package static func matches(_ password: String, _ stored: String) -> Bool {
        let parts = stored.split(separator: "$").map(String.init)
        guard parts.count == 6, parts[0] == "scrypt", let rounds = Int(parts[1]), (10...20).contains(rounds),
            let blockSize = Int(parts[2]), (1...32).contains(blockSize), let parallelism = Int(parts[3]),
            (1...16).contains(parallelism), let salt = Data(base64Encoded: parts[4]),
            let wanted = Data(base64Encoded: parts[5]), !wanted.isEmpty,
            let found = derive(password, [UInt8](salt), rounds: rounds, blockSize, parallelism)
        else { return false }
        return isEqual(found, [UInt8](wanted))
    }

    /// Compares without telling by its time where the two differ.
    package static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.count == right.count && zip(left, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func derive(
        _ password: String, _ salt: [UInt8], rounds: Int, _ blockSize: Int, _ parallelism: Int
    ) -> [UInt8]? {
        let key = try? KDF.Scrypt.deriveKey(
            from: Array(password.utf8), salt: salt, outputByteCount: 32, rounds: 1 << rounds,
            blockSize: blockSize, parallelism: parallelism)
        return key.map { Array(HMAC<SHA256>.authenticationCode(for: Array("countersign".utf8), using: $0)) }
    }

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}
