package import Crypto

extension Curve {
    /// Whether these numbers of a signature, the two one after the other and padded, are the key's at this point.
    /// False also on Brainpool curves, which swift-crypto does not know. Throws where the point is on no curve.
    package func isRight(_ raw: [UInt8], _ digest: some Digest, by point: [UInt8]) throws -> Bool {
        switch self {
        case .ed25519:
            // OpenPGP signs the digest itself, RFC 9580 section 5.2.3.3.
            try Curve25519.Signing.PublicKey(rawRepresentation: point.dropFirst())
                .isValidSignature(raw, for: Array(digest))
        case .p256:
            try P256.Signing.PublicKey(x963Representation: point)
                .isValidSignature(P256.Signing.ECDSASignature(rawRepresentation: raw), for: digest)
        case .p384:
            try P384.Signing.PublicKey(x963Representation: point)
                .isValidSignature(P384.Signing.ECDSASignature(rawRepresentation: raw), for: digest)
        case .p521:
            try P521.Signing.PublicKey(x963Representation: point)
                .isValidSignature(P521.Signing.ECDSASignature(rawRepresentation: raw), for: digest)
        case .curve25519, .brainpool256, .brainpool384, .brainpool512: false
        }
    }
}
