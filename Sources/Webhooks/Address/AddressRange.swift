/// Addresses with a common beginning, as `10.0.0.0/8` or `fd00::/8`.
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    package let first: IPAddress
    /// How many bits all have in common.
    package let length: Int

    /// Nil unless it is an address and a length, and no bit after it is set: `10.1.0.0/8` is somebody's mistake.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = IPAddress(parts[0]), let length = Int(parts[1]),
            "\(length)" == parts[1], (0...first.bytes.count * 8).contains(length)
        else { return nil }
        (self.first, self.length) = (first, length)
        guard Self.masked(first.bytes, length) == first.bytes else { return nil }
    }

    package func contains(_ address: IPAddress) -> Bool {
        address.bytes.count == first.bytes.count && Self.masked(address.bytes, length) == first.bytes
    }

    package var description: String { "\(first)/\(length)" }

    private static func masked(_ bytes: [UInt8], _ length: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(8, max(0, length - index * 8))
            return byte & ~UInt8(truncatingIfNeeded: 0xff >> kept)
        }
    }
}
