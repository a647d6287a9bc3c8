import OpenPGPPackets

/// A key, user ID or subkey with the signatures that follow it, RFC 9580 section 10.1.1.
struct KeyComponent {
    let packet: Packets.Packet
    private(set) var signatures: [SignatureBody] = []

    init(_ packet: Packets.Packet) { self.packet = packet }

    var isPrimary: Bool { packet.tag == Packets.Tag.publicKey }
    var isKey: Bool { isPrimary || packet.tag == Packets.Tag.publicSubkey }

    mutating func append(_ signature: SignatureBody) { signatures.append(signature) }

    /// Without what counts for nothing: signatures that have expired, and those with a weak hash beside better
    /// ones. librnp would call the whole key wrong for them. A revocation always stays.
    func withoutIdle(at time: UInt64) -> KeyComponent {
        let fresh = signatures.filter { $0.isRevocation || !$0.hasExpired(at: time) }
        let strong = fresh.filter { $0.isRevocation || HashAlgorithm(rawValue: $0.hash) != nil }
        var component = self
        component.signatures = strong.contains { !$0.isRevocation } ? strong : fresh
        return component
    }

    var bytes: [UInt8] {
        signatures.reduce(into: Packets.write(packet.tag, packet.body)) { bytes, signature in
            bytes += Packets.write(Packets.Tag.signature, signature.bytes)
        }
    }

    /// How many signatures librnp checks for it.
    var checkCount: Int { signatures.reduce(0) { $0 + ($1.embedded == nil ? 1 : 2) } }
}
