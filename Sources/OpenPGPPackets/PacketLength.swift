/// The length in the header of a packet or subpacket.
package struct PacketLength {
    package let count: Int
    /// Whether it could not have been written shorter in its form.
    package let isShortest: Bool

    /// RFC 9580 section 4.2.1. Nil for lengths in parts, which are for streams only.
    package init?(new rest: inout ArraySlice<UInt8>) {
        guard let first = rest.popFirst() else { return nil }
        switch first {
        case ..<192: (count, isShortest) = (Int(first), true)
        case ..<224:
            guard let second = rest.popFirst() else { return nil }
            (count, isShortest) = ((Int(first) - 192) << 8 + Int(second) + 192, true)
        case 255:
            guard let length = PacketNumber.take(&rest, bytes: 4) else { return nil }
            (count, isShortest) = (length, length >= 8384)
        default: return nil
        }
    }

    /// Section 4.2.2. Type 3 is a length that is not known.
    package init?(old rest: inout ArraySlice<UInt8>, type: UInt8) {
        guard type != 3, let length = PacketNumber.take(&rest, bytes: 1 << type) else { return nil }
        (count, isShortest) = (length, type == 0 || length >= 1 << (4 << type))
    }

    /// Section 5.2.3.7: as of a packet, but that first bytes up to 254 make a length of two.
    package init?(subpacket rest: inout ArraySlice<UInt8>) {
        guard let first = rest.first, 224..<255 ~= first else {
            self.init(new: &rest)
            return
        }
        guard let two = PacketNumber.take(&rest, bytes: 2) else { return nil }
        self = PacketLength(count: two - 192 << 8 + 192, isShortest: true)
    }

    private init(count: Int, isShortest: Bool) { (self.count, self.isShortest) = (count, isShortest) }

    package static func new(_ count: Int) -> [UInt8] {
        switch count {
        case ..<192: [UInt8(count)]
        case ..<8384: [UInt8((count - 192) >> 8 + 192), UInt8((count - 192) & 0xFF)]
        default: [255] + PacketNumber.bytes(count, 4)
        }
    }
}
