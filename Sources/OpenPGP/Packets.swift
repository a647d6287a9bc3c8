/// The packets of an OpenPGP text, found without librnp, so that what it would skip or take twice is seen.
/// RFC 9580 section 4.2.
struct Packets {
    struct Packet: Equatable {
        let tag: UInt8
        let body: ArraySlice<UInt8>
    }

    /// The packet types that are told apart. RFC 9580 section 5.
    enum Tag {
        static let signature: UInt8 = 2
        static let secretKey: UInt8 = 5
        static let publicKey: UInt8 = 6
        static let secretSubkey: UInt8 = 7
        static let userID: UInt8 = 13
        static let publicSubkey: UInt8 = 14
        static let userAttribute: UInt8 = 17
    }

    let all: [Packet]

    /// Nil when the bytes are not a sequence of whole packets of known length up to the last byte.
    init?(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var all: [Packet] = []
        while !rest.isEmpty {
            guard let packet = Self.take(&rest) else { return nil }
            all.append(packet)
        }
        self.all = all
    }

    /// The first packet with its header, and all that follows it.
    static func splitFirst(_ bytes: [UInt8]) -> (first: ArraySlice<UInt8>, rest: ArraySlice<UInt8>)? {
        var rest = bytes[...]
        guard take(&rest) != nil else { return nil }
        return (bytes[..<rest.startIndex], rest)
    }

    private static func take(_ rest: inout ArraySlice<UInt8>) -> Packet? {
        guard let first = rest.popFirst(), first & 0x80 != 0 else { return nil }
        let isNew = first & 0x40 != 0
        let length = isNew ? newLength(&rest) : oldLength(&rest, type: first & 3)
        guard let length, length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return Packet(tag: isNew ? first & 0x3F : first >> 2 & 0x0F, body: rest.prefix(length))
    }

    /// Section 4.2.1. Lengths in parts are for streams only.
    private static func newLength(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard let first = rest.popFirst() else { return nil }
        switch first {
        case ..<192: return Int(first)
        case ..<224: return rest.popFirst().map { (Int(first) - 192) << 8 + Int($0) + 192 }
        case 255: return number(&rest, bytes: 4)
        default: return nil
        }
    }

    /// Section 4.2.2. Type 3 is a length that is not known.
    private static func oldLength(_ rest: inout ArraySlice<UInt8>, type: UInt8) -> Int? {
        type == 3 ? nil : number(&rest, bytes: 1 << type)
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, bytes: Int) -> Int? {
        guard rest.count >= bytes else { return nil }
        defer { rest = rest.dropFirst(bytes) }
        return rest.prefix(bytes).reduce(0) { $0 << 8 | Int($1) }
    }
}
