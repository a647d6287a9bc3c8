public import Crypto
public import Foundation

/// Ed25519, kept by the app: `secret.rawRepresentation` is what to put into the Keychain.
public struct Ed25519Signer: Signer {
    public let secret: Curve25519.Signing.PrivateKey

    public init(_ secret: Curve25519.Signing.PrivateKey = .init()) { self.secret = secret }

    public var publicKey: SigningPublicKey { .ed25519(secret.publicKey.rawRepresentation) }

    public func signature(for digest: SHA256Digest) throws -> Data {
        try secret.signature(for: Data(digest))
    }
}

/// Curve25519, kept by the app: `secret.rawRepresentation` is what to put into the Keychain.
public struct Curve25519Decrypter: Decrypter {
    public let secret: Curve25519.KeyAgreement.PrivateKey

    public init(_ secret: Curve25519.KeyAgreement.PrivateKey = .init()) { self.secret = secret }

    public var publicKey: AgreementPublicKey { .curve25519(secret.publicKey.rawRepresentation) }

    public func sharedSecret(with point: Data) throws -> Data {
        let other = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: point)
        return try secret.sharedSecretFromKeyAgreement(with: other).data
    }
}

/// P-256 with ECDSA, kept by the app.
public struct P256Signer: Signer {
    public let secret: P256.Signing.PrivateKey

    public init(_ secret: P256.Signing.PrivateKey = .init()) { self.secret = secret }

    public var publicKey: SigningPublicKey { .p256(secret.publicKey.x963Representation) }

    public func signature(for digest: SHA256Digest) throws -> Data {
        try secret.signature(for: digest).rawRepresentation
    }
}

/// P-256 with ECDH, kept by the app.
public struct P256Decrypter: Decrypter {
    public let secret: P256.KeyAgreement.PrivateKey

    public init(_ secret: P256.KeyAgreement.PrivateKey = .init()) { self.secret = secret }

    public var publicKey: AgreementPublicKey { .p256(secret.publicKey.x963Representation) }

    public func sharedSecret(with point: Data) throws -> Data {
        let other = try P256.KeyAgreement.PublicKey(x963Representation: point)
        return try secret.sharedSecretFromKeyAgreement(with: other).data
    }
}

extension SharedSecret {
    var data: Data { unsafe withUnsafeBytes { unsafe Data($0) } }
}
