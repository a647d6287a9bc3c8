import Countersign
import Crypto
import FoundationEssentials

/// Seals the secret of an account's authenticator under a key made of the account's password, which the server has only
/// as a digest: who reads the table learns nothing, and the process that serves the console needs no master key.
/// Passwords are generated, with 192 random bits, so a fast derivation (HKDF, RFC 5869) is enough.
enum SecondFactor {
    private static let saltLength = 16

    /// The salt, then nonce, ciphertext and tag of AES-256-GCM.
    static func seal(_ factor: TimeCode, of account: String, password: String) throws -> [UInt8] {
        let salt = randomBytes(saltLength)
        let box = try AES.GCM.seal(
            factor.secret, using: key(password, salt), authenticating: Array(account.utf8))
        return salt + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// Nil when it was not sealed with that password, or for another account.
    static func open(_ sealed: [UInt8], of account: String, password: String) -> TimeCode? {
        let key = key(password, Array(sealed.prefix(saltLength)))
        guard let box = try? AES.GCM.SealedBox(combined: sealed.dropFirst(saltLength)),
            let secret = try? AES.GCM.open(box, using: key, authenticating: Array(account.utf8))
        else { return nil }
        return TimeCode(secret: Array(secret))
    }

    private static func key(_ password: String, _ salt: [UInt8]) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Array(password.utf8)), salt: salt,
            info: Array("countersign second factor".utf8), outputByteCount: 32)
    }
}
