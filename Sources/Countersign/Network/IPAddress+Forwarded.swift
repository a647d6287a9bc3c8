extension IPAddress {
    /// Of what proxies write of a client: an address, with or without a port, with or without brackets, and with the
    /// zone that only the proxy's machine knows: `203.0.113.7:51008`, `[2001:db8::1]:443`, `fe80::1%eth0`. Nil for
    /// anything else, such as `unknown` and `_hidden` (RFC 7239 section 6).
    package init?(forwarded text: some StringProtocol) {
        var bytes = Array(text.utf8)[...]
        while bytes.first == UInt8(ascii: " ") { bytes.removeFirst() }
        while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
        let colons = bytes.count { $0 == UInt8(ascii: ":") }
        if bytes.first == UInt8(ascii: "["), let end = bytes.firstIndex(of: UInt8(ascii: "]")) {
            guard Self.isPort(bytes[(end + 1)...]) else { return nil }
            bytes = bytes[(bytes.startIndex + 1)..<end]
        } else if colons == 1, let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            guard Self.isPort(bytes[colon...]) else { return nil }
            bytes = bytes[..<colon]
        }
        if let zone = bytes.firstIndex(of: UInt8(ascii: "%")) { bytes = bytes[..<zone] }
        self.init(String(decoding: bytes, as: UTF8.self))
    }

    /// Nothing, or a colon and digits.
    private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
        guard !text.isEmpty else { return true }
        return text.first == UInt8(ascii: ":") && (2...6).contains(text.count)
            && text.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }
}
