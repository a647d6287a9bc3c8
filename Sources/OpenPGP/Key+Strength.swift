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

    /// The weak hash of a signature by the primary key about itself or this subkey, for an explanation only:
    /// such a signature does not count.
    func weakSelfSignature(by issuer: String) -> String? {
        var count = 0
        guard unsafe rnp_key_get_signature_count(pointer, &count) == 0 else { return nil }
        for index in 0..<count {
            var signature: OpaquePointer?
            guard unsafe rnp_key_get_signature_at(pointer, index, &signature) == 0 else { continue }
            defer { unsafe rnp_signature_handle_destroy(signature) }
            let keyID = unsafe string { unsafe rnp_signature_get_keyid(signature, $0) }
            let hash = unsafe string { unsafe rnp_signature_get_hash_alg(signature, $0) } ?? "?"
            if let keyID, issuer.hasSuffix(keyID), Handle.weakHashes.contains(hash) { return hash }
        }
        return nil
    }
}
