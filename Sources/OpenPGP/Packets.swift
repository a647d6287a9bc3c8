/// The packets of an OpenPGP text, found without librnp, so that what it would skip or take twice is seen.
///
/// RFC 9580 section 4.2. Of the ways to write a length only the shortest is taken, but a header may have the old
/// form or the new one, for both are common.
struct Packets {
    struct Packet: Equatable {
        let tag: UInt8
        let body: ArraySlice<UInt8>
    }

    /// The packet types that are told apart. RFC 9580 section 5.
    enum Tag {
        static let sessionKey: UInt8 = 1
        static let signature: UInt8 = 2
        static let secretKey: UInt8 = 5
        static let publicKey: UInt8 = 6
        static let secretSubkey: UInt8 = 7
        static let userID: UInt8 = 13
        static let publicSubkey: UInt8 = 14
        static let userAttribute: UInt8 = 17
        static let protected: UInt8 = 18
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

    static func take(_ rest: inout ArraySlice<UInt8>) -> Packet? {
        guard let first = rest.popFirst(), first & 0x80 != 0 else { return nil }
        let isNew = first & 0x40 != 0
        let length = isNew ? newLength(&rest) : oldLength(&rest, type: first & 3)
        guard let length, length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return Packet(tag: tag(first), body: rest.prefix(length))
    }

    private static func tag(_ first: UInt8) -> UInt8 { first & 0x40 != 0 ? first & 0x3F : first >> 2 & 0x0F }

    /// Of the next packet, or nil.
    static func tag(_ rest: ArraySlice<UInt8>) -> UInt8? { rest.first.map(tag) }

    /// A number of the form of section 3.2: how many bits it has is right, and the first byte is not 0.
    static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let bits = number(&rest, bytes: 2), let first = rest.first else { return nil }
        let count = (bits + 7) / 8
        guard first != 0, bits == count * 8 - first.leadingZeroBitCount, count <= rest.count else {
            return nil
        }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    /// Section 4.2.1. Lengths in parts are for streams only.
    static func newLength(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard let first = rest.popFirst() else { return nil }
        switch first {
        case ..<192: return Int(first)
        case ..<224: return rest.popFirst().map { (Int(first) - 192) << 8 + Int($0) + 192 }
        case 255: return number(&rest, bytes: 4).flatMap { $0 < 8384 ? nil : $0 }
        default: return nil
        }
    }

    /// Section 4.2.2. Type 3 is a length that is not known.
    private static func oldLength(_ rest: inout ArraySlice<UInt8>, type: UInt8) -> Int? {
        guard type != 3, let length = number(&rest, bytes: 1 << type) else { return nil }
        return type == 0 || length >= 1 << (4 << type) ? length : nil
    }

    static func number(_ rest: inout ArraySlice<UInt8>, bytes: Int) -> Int? {
        guard rest.count >= bytes else { return nil }
        defer { rest = rest.dropFirst(bytes) }
        return rest.prefix(bytes).reduce(0) { $0 << 8 | Int($1) }
    }
}
