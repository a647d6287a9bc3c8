package import Crypto

/// A signature of version 4 that is being made. RFC 9580 section 5.2.3.
///
/// It says when it was made and by whom, and where it covers that. Nothing stands in the part that is not covered.
package struct SignatureDraft {
    /// What the signature covers of its own packet.
    private let covered: [UInt8]

    /// - Parameters:
    ///   - created: in seconds since 1970.
    ///   - fingerprint: the 20 bytes of the key that signs.
    ///   - subpackets: what it says besides, each as `Subpackets.write` makes it.
    package init(
        type: UInt8, algorithm: UInt8, created: UInt64, fingerprint: [UInt8], subpackets: [UInt8] = []
    ) {
        let area =
            Subpackets.write(Subpackets.Kind.creation, PacketNumber.bytes(Int(created), 4))
            + Subpackets.write(Subpackets.Kind.issuerFingerprint, [4] + fingerprint)
            // GnuPG 2.2 takes no signature that does not say this, too.
            + Subpackets.write(Subpackets.Kind.issuer, Array(fingerprint.suffix(8))) + subpackets
        covered =
            [4, type, algorithm, HashAlgorithm.sha256.rawValue] + PacketNumber.bytes(area.count, 2) + area
    }

    /// What the key is to sign, section 5.2.4.
    package func digest(of data: [UInt8]) -> SHA256Digest {
        var hash = SHA256()
        hash.update(data: data)
        hash.update(data: covered + [4, 0xFF] + PacketNumber.bytes(covered.count, 4))
        return hash.finalize()
    }

    /// The whole packet, with what the key made of the digest of the data.
    package func packet(of data: [UInt8], _ numbers: [some Collection<UInt8>]) -> [UInt8] {
        let first = digest(of: data).prefix(2)
        return Packets.write(
            Packets.Tag.signature, covered + [0, 0] + first + numbers.flatMap { PacketNumber.long($0) })
    }
}
