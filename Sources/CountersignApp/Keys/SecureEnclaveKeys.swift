#if canImport(Security)
    public import CryptoKit
    public import Foundation

    /// P-256 in the Secure Enclave: the secret never leaves the device's chip.
    /// `secret.dataRepresentation` is what to keep; it is of use on this device alone.
    public struct SecureEnclaveSigner: Signer {
        public let secret: SecureEnclave.P256.Signing.PrivateKey

        /// - Parameter secret: make it with an access control that asks for the user, as
        ///   `.userPresence`, so that nobody answers on a phone that lies about.
        public init(_ secret: SecureEnclave.P256.Signing.PrivateKey) { self.secret = secret }

        public var publicKey: SigningPublicKey { .p256(secret.publicKey.x963Representation) }

        public func signature(for digest: SHA256Digest) throws -> Data {
            try secret.signature(for: digest).rawRepresentation
        }
    }

    /// P-256 in the Secure Enclave, for secure messages.
    public struct SecureEnclaveDecrypter: Decrypter {
        public let secret: SecureEnclave.P256.KeyAgreement.PrivateKey

        public init(_ secret: SecureEnclave.P256.KeyAgreement.PrivateKey) { self.secret = secret }

        public var publicKey: AgreementPublicKey { .p256(secret.publicKey.x963Representation) }

        public func sharedSecret(with point: Data) throws -> Data {
            let other = try P256.KeyAgreement.PublicKey(x963Representation: point)
            return try secret.sharedSecretFromKeyAgreement(with: other).data
        }
    }
#endif
