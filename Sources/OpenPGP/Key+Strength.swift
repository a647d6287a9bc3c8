import Crnp

extension Key {
    /// Valid when it was imported, and at `time` still.
    func isUsable(at time: UInt64) -> Bool {
        isValid && time < validUntil
    }

    /// What is weak about the algorithm, in words, or nil. RSA under 3072 bits: RFC 9580 section 12.4.
    var weakness: String? {
        let (algorithm, curve) = (algorithm, curve ?? "no curve")
        switch algorithm {
        case "RSA": return bits >= 3072 ? nil : "RSA with \(bits) bits"
        case "EDDSA": return nil
        case "ECDSA", "ECDH": return Self.curves.contains(curve) ? nil : "\(algorithm) on \(curve)"
        default: return algorithm
        }
    }

    private static let curves: Set<String> = [
        "Curve25519", "NIST P-256", "NIST P-384", "NIST P-521", "brainpoolP256r1", "brainpoolP384r1",
        "brainpoolP512r1",
    ]

    /// The key of this certificate to encrypt to, or nil.
    func encryptionKey(at time: UInt64) -> Key? {
        guard let key = defaultKey("encrypt"), key.isUsable(at: time), key.weakness == nil else { return nil }
        return key
    }
}
