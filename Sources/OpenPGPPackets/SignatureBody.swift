/// The body of a signature packet of version 4, RFC 9580 section 5.2.3.
///
/// A signature does not cover all of its own packet. What is left is advice that anybody may change on its way, so
/// that it is left out of what librnp gets, unless it says what nothing else says: who signed, and that a signing
/// subkey agrees to its binding.
package struct SignatureBody {
    package let type: UInt8
    package let keyAlgorithm: UInt8
    package let hash: UInt8
    /// What the signature covers of its own packet: up to the end of its first subpackets.
    package let covered: [UInt8]
    /// In seconds since 1970.
    package let created: UInt64
    /// Seconds after `created`; 0 is never.
    package let lifetime: UInt64
    /// Who made it, as it says.
    package let issuer: Issuer?
    /// The packet by which a signing subkey agrees to its binding; librnp checks it.
    package let embedded: [UInt8]?
    /// What the key made of the digest: one number of RSA, two of elliptic curves.
    package let numbers: [ArraySlice<UInt8>]
    /// Written anew: two packets that differ in what is not covered have the same bytes.
    package let bytes: [UInt8]

    package init(_ body: ArraySlice<UInt8>) throws(Damage) {
        guard body.count > 4, body.first == 4 else { throw Damage("a signature is not of version 4") }
        let header = Array(body.prefix(4))
        (type, keyAlgorithm, hash) = (header[1], header[2], header[3])
        var rest = body.dropFirst(4)
        let inner = try Subpackets(&rest)
        covered = Array(body[..<rest.startIndex])
        let outer = try Subpackets(&rest)
        (created, lifetime) = (try inner.creation(), try inner.lifetime())
        let named = try inner.issuer()
        issuer = named ?? outer.advisedIssuer()
        let agreed = type == 0x18 ? try inner.embedded() : nil
        embedded = agreed ?? (type == 0x18 ? try? outer.embedded() : nil)
        // The first 16 bits of the hash come before the numbers; librnp compares them.
        guard rest.count > 2 else { throw Damage("a signature is cut off") }
        let numbers = try SignatureNumbers(rest.dropFirst(2), keyAlgorithm)
        self.numbers = numbers.all
        var advice: [UInt8] = []
        if named == nil, let issuer { advice += issuer.subpacket }
        if agreed == nil, let embedded { advice += Subpackets.write(Subpackets.Kind.embedded, embedded) }
        bytes = covered + PacketNumber.bytes(advice.count, 2) + advice + rest.prefix(2) + numbers.bytes
    }

    /// The first two bytes of the digest, by which a signature of another text is known without a key.
    package var firstBytes: ArraySlice<UInt8> {
        let advice = Int(bytes[covered.count]) << 8 + Int(bytes[covered.count + 1])
        return bytes[(covered.count + 2 + advice)...].prefix(2)
    }

    /// Section 5.2.4: what a signature of version 4 puts after the data before it is hashed.
    package var trailer: [UInt8] { covered + [4, 0xFF] + PacketNumber.bytes(covered.count, 4) }

    package var isRevocation: Bool { [0x20, 0x28, 0x30].contains(type) }

    package func hasExpired(at time: UInt64) -> Bool { lifetime > 0 && created + lifetime <= time }
}
