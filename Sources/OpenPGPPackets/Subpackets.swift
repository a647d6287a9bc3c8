/// One area of subpackets of a signature, RFC 9580 section 5.2.3.7.
package struct Subpackets {
    package enum Kind {
        package static let creation: UInt8 = 2
        package static let expiration: UInt8 = 3
        package static let ciphers: UInt8 = 11
        package static let issuer: UInt8 = 16
        package static let hashes: UInt8 = 21
        package static let compressions: UInt8 = 22
        package static let keyFlags: UInt8 = 27
        package static let features: UInt8 = 30
        package static let embedded: UInt8 = 32
        package static let issuerFingerprint: UInt8 = 33
    }

    private let all: [(type: UInt8, data: ArraySlice<UInt8>)]

    /// Takes the length of the area and the area.
    package init(_ rest: inout ArraySlice<UInt8>) throws(Damage) {
        guard let length = PacketNumber.take(&rest, bytes: 2), length <= rest.count else {
            throw Damage("a signature is cut off in its subpackets")
        }
        var area = rest.prefix(length)
        rest = rest.dropFirst(length)
        var all: [(UInt8, ArraySlice<UInt8>)] = []
        while !area.isEmpty {
            guard let length = PacketLength(subpacket: &area)?.count, length > 0, length <= area.count else {
                throw Damage("a subpacket of a signature has a wrong length")
            }
            // The bit 0x80 makes one critical.
            all.append((area[area.startIndex] & 0x7F, area.prefix(length).dropFirst()))
            area = area.dropFirst(length)
        }
        self.all = all
    }

    package func creation() throws(Damage) -> UInt64 {
        guard let data = try one(Kind.creation), let time = Self.time(data) else {
            throw Damage("a signature does not say once when it was made")
        }
        return time
    }

    package func lifetime() throws(Damage) -> UInt64 {
        guard let data = try one(Kind.expiration) else { return 0 }
        guard let time = Self.time(data) else { throw Damage("a signature does not say when it expires") }
        return time
    }

    /// Covered by the signature, so that one that cannot be read is a fault.
    package func issuer() throws(Damage) -> Issuer? {
        let (short, long) = (try one(Kind.issuer), try one(Kind.issuerFingerprint))
        guard short != nil || long != nil else { return nil }
        guard let issuer = Issuer(keyID: short, fingerprint: long) else {
            throw Damage("a signature names its maker in two ways, or in none that can be read")
        }
        return issuer
    }

    /// Not covered: what cannot be read says nothing.
    package func advisedIssuer() -> Issuer? {
        let (short, long) = (first(Kind.issuer), first(Kind.issuerFingerprint))
        return Issuer(keyID: short, fingerprint: long) ?? Issuer(keyID: short, fingerprint: nil)
    }

    /// Written anew. One of another kind could hold more of them within.
    package func embedded() throws(Damage) -> [UInt8]? {
        guard let data = first(Kind.embedded) else { return nil }
        guard data.dropFirst().first == 0x19 else {
            throw Damage("a subkey's binding holds a signature of another kind")
        }
        return try SignatureBody(data).bytes
    }

    package static func write(_ type: UInt8, _ data: [UInt8]) -> [UInt8] {
        PacketLength.new(data.count + 1) + [type] + data
    }

    private func first(_ type: UInt8) -> ArraySlice<UInt8>? { all.first { $0.type == type }?.data }

    /// Of two, programs disagree which one counts.
    private func one(_ type: UInt8) throws(Damage) -> ArraySlice<UInt8>? {
        let found = all.filter { $0.type == type }
        guard found.count <= 1 else { throw Damage("a signature has two subpackets of type \(type)") }
        return found.first?.data
    }

    private static func time(_ data: ArraySlice<UInt8>) -> UInt64? {
        var rest = data
        return data.count == 4 ? PacketNumber.take(&rest, bytes: 4).map { UInt64($0) } : nil
    }
}
