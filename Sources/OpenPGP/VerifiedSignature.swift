/// Who signed, and when by the signer's own clock. Fingerprints are 40 hex digits in upper case.
package struct VerifiedSignature: Sendable, Hashable {
    /// The largest armored signature, in bytes; checked before anything is parsed.
    package static let limit = 16 * 1024

    /// Of the certificate's primary key.
    package let fingerprint: String
    /// Of the key that made the signature: the primary or a subkey.
    package let signingFingerprint: String
    /// In seconds since 1970.
    package let createdAt: UInt64
    /// What was signed with the key: the hash of the text and of what the signature says of itself, RFC 9580 section
    /// 5.2.4. One signature has one, however it is written down; nobody else can make another.
    package let digest: [UInt8]
}
