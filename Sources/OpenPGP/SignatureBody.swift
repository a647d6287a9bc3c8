/// The body of a signature packet of version 4, RFC 9580 section 5.2.3, taken in one form only.
///
/// A signature does not cover all of its own packet. What is left may say who made it, and nothing else, so that
/// nobody can change a signature on its way and have it still count.
struct SignatureBody {
    /// The last 8 bytes of the issuer's fingerprint.
    private var issuer: ArraySlice<UInt8>?
    private let type: UInt8

    /// Nil when it is anything else.
    init?(_ body: ArraySlice<UInt8>) {
        // Version, type, public key algorithm, hash algorithm.
        guard body.count > 4, body.first == 4 else { return nil }
        type = body[body.startIndex + 1]
        var rest = body.dropFirst(4)
        guard let covered = Self.takeArea(&rest), let uncovered = Self.takeArea(&rest),
            Set(uncovered.map(\.type)).count == uncovered.count
        else { return nil }
        for part in covered where !takesIssuer(part.type & 0x7F, part.data) { return nil }
        for part in uncovered where !isAllowed(part) { return nil }
        // The first 16 bits of the hash come before the numbers; librnp compares them.
        guard rest.count > 2, Self.areNumbers(rest.dropFirst(2)) else { return nil }
    }

    private typealias Subpacket = (type: UInt8, data: ArraySlice<UInt8>)

    /// The types of subpackets that matter here, section 5.2.3.7. The bit 0x80 would make one critical.
    private enum Kind {
        static let issuer: UInt8 = 16
        static let embedded: UInt8 = 32
        static let issuerFingerprint: UInt8 = 33
    }

    private static func takeArea(_ rest: inout ArraySlice<UInt8>) -> [Subpacket]? {
        guard let length = Packets.number(&rest, bytes: 2), length <= rest.count else { return nil }
        var area = rest.prefix(length)
        rest = rest.dropFirst(length)
        var parts: [Subpacket] = []
        while !area.isEmpty {
            guard let length = Packets.newLength(&area), length > 0, length <= area.count else {
                return nil
            }
            parts.append((area[area.startIndex], area.prefix(length).dropFirst()))
            area = area.dropFirst(length)
        }
        return parts
    }

    private mutating func isAllowed(_ part: Subpacket) -> Bool {
        switch part.type {
        case Kind.issuer, Kind.issuerFingerprint: takesIssuer(part.type, part.data)
        // Of a signing subkey, by which it agrees to its binding; librnp checks it. GnuPG puts it here.
        case Kind.embedded: type == 0x18 && SignatureBody(part.data)?.type == 0x19
        default: false
        }
    }

    /// False when it names another issuer than before, or none.
    private mutating func takesIssuer(_ type: UInt8, _ data: ArraySlice<UInt8>) -> Bool {
        switch type {
        case Kind.issuer: guard data.count == 8 else { return false }
        case Kind.issuerFingerprint: guard data.count == 21, data.first == 4 else { return false }
        default: return true
        }
        defer { issuer = data.suffix(8) }
        return issuer == nil || issuer == data.suffix(8)
    }

    private static func areNumbers(_ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            guard Packets.takeNumber(&rest) != nil else { return false }
        }
        return true
    }
}
