public import Crypto
public import Foundation

/// A key that signs, wherever it is kept.
public protocol Signer: Sendable {
    var publicKey: SigningPublicKey { get }

    /// Signs the digest, and nothing but it.
    ///
    /// - Returns: 64 bytes: R and S of Ed25519 (RFC 8032) over the 32 bytes of the digest, or r and s of ECDSA.
    func signature(for digest: SHA256Digest) async throws -> Data
}

public enum SigningPublicKey: Sendable, Hashable {
    /// 32 bytes, RFC 8032.
    case ed25519(Data)
    /// The uncompressed point: 65 bytes, SEC 1 section 2.3.3.
    case p256(Data)
}

/// A key that secure messages are encrypted to, wherever it is kept.
public protocol Decrypter: Sendable {
    var publicKey: AgreementPublicKey { get }

    /// The 32 bytes that this key has in common with the one of the sender.
    ///
    /// - Parameter point: in the form of `publicKey`.
    func sharedSecret(with point: Data) async throws -> Data
}

public enum AgreementPublicKey: Sendable, Hashable {
    /// 32 bytes, RFC 7748.
    case curve25519(Data)
    /// The uncompressed point: 65 bytes, SEC 1 section 2.3.3.
    case p256(Data)
}
