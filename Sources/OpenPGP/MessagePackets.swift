import OpenPGPPackets

/// How an encrypted message is put together, before librnp sees it: it takes lengths that are wrong, and one
/// point on Curve25519 for another. RFC 9580 section 10.3.
enum MessagePackets {
    /// False when a session key, or the length of integrity-protected data, could be written otherwise. What
    /// the message is besides is left to librnp.
    static func areCanonical(_ message: [UInt8]) -> Bool {
        var rest = message[...]
        while Packets.tag(rest) == Packets.Tag.sessionKey {
            guard let packet = Packets.take(&rest), packet.hasShortestLength,
                isCanonical(sessionKey: packet.body)
            else { return false }
        }
        guard Packets.tag(rest) == Packets.Tag.protected else { return true }
        // A stream comes in parts, whose lengths librnp follows.
        if let second = rest.dropFirst().first, 224..<255 ~= second, rest.first == 0xD2 { return true }
        return Packets.take(&rest)?.hasShortestLength == true && rest.isEmpty
    }

    /// Section 5.1: version, 8 bytes of the key ID, algorithm, and the encrypted key.
    private static func isCanonical(sessionKey body: ArraySlice<UInt8>) -> Bool {
        guard body.count > 10, body.first == 3 else { return false }
        var rest = body.dropFirst(10)
        guard let number = PacketNumber.takeLong(&rest) else { return false }
        guard body[body.startIndex + 9] == 18 else {
            return rest.isEmpty || PacketNumber.takeLong(&rest) != nil
        }
        // X25519 ignores the highest bit of a point, RFC 7748 section 5.
        if number.count == 33, number.first == 0x40, let last = number.last, last & 0x80 != 0 { return false }
        return rest.popFirst().map { Int($0) } == rest.count
    }
}
