/// What is known of a device's public key that was accepted. Fingerprints are 40 hex digits in upper case.
package struct DeviceKey: Sendable, Hashable {
    /// The largest armored key, in bytes; checked before anything is parsed.
    package static let limit = 16 * 1024

    /// Of the primary key.
    package let fingerprint: String
    /// The keys whose signatures count, in the order of the certificate: the primary, valid subkeys, or both.
    package let signingFingerprints: [String]
    package let canEncrypt: Bool
}
