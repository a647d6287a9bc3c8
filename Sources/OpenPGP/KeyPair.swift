/// A new key pair. The secret key is not protected by a password: the caller seals it.
package struct KeyPair: Sendable {
    package enum Algorithm: Sendable {
        /// Ed25519 to certify and sign, with a subkey on Curve25519 to decrypt.
        case ed25519
        /// RSA with 3072 bits for both, about 1,000 times as slow to make: for comparison only.
        case rsa3072
    }

    /// 40 hex digits, in upper case.
    package let fingerprint: String
    /// ASCII armor.
    package let publicKey: String
    /// Binary OpenPGP packets.
    package let secretKey: [UInt8]
}

/// Neither printing, nor `dump`, nor a debugger's summary shows the secret key.
extension KeyPair: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "key pair \(fingerprint) (redacted)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
