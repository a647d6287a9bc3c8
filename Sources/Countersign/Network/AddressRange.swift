/// Addresses with a common beginning (RFC 4632), as `10.0.0.0/8` or `fd00::/8`; an address alone is a range of one.
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    package let first: IPAddress
    /// How many bits all have in common.
    package let length: Int

    /// Fails unless it is an address, or an address and a length with no bit set after it: `10.1.0.0/8` is somebody's
    /// mistake, and which one nobody knows.
    package init(_ text: String) throws(UnreadableRange) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard let first = IPAddress(Substring(parts[0])) else { throw UnreadableRange(text) }
        let bits = first.bytes.count * 8
        switch parts.count {
        case 1: (self.first, length) = (first, bits)
        case 2:
            let digits = String(Substring(parts[1]))
            guard let length = Int(digits), digits == "\(length)", (0...bits).contains(length) else {
                throw UnreadableRange(text)
            }
            let start = IPAddress(bytes: Self.masked(first.bytes, length))
            guard start == first else { throw UnreadableRange(text, meant: "\(start)/\(length)") }
            (self.first, self.length) = (first, length)
        default: throw UnreadableRange(text)
        }
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

extension AddressRange {
    /// Reads `10.0.0.0/8, ::1`: ranges separated by commas, with or without spaces around them. None in a text that is
    /// empty.
    package static func list(_ text: String) throws(UnreadableRange) -> [AddressRange] {
        guard !text.isEmpty else { return [] }
        var ranges: [AddressRange] = []
        for word in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let bare = word.drop { $0 == space }.reversed().drop { $0 == space }.reversed()
            ranges.append(try AddressRange(String(decoding: Array(bare), as: UTF8.self)))
        }
        return ranges
    }
}

extension AddressRange {
    /// The same of a list that stands in the program.
    package static func known(_ text: StaticString) -> [AddressRange] {
        guard let ranges = try? list("\(text)") else { preconditionFailure("\(text) is no list of ranges") }
        return ranges
    }
}

private let space = UInt8(ascii: " ")

/// A text that is no range of addresses.
package struct UnreadableRange: Error, Sendable, Hashable, CustomStringConvertible {
    private let text: String
    /// The range whose first address it would have to begin with.
    private let meant: String?

    fileprivate init(_ text: String, meant: String? = nil) { (self.text, self.meant) = (text, meant) }

    package var description: String {
        let start = "'\(text)' is no network"
        guard let meant else {
            return
                "\(start); allowed, separated by commas: an address, as ::1, or a network's first address, / and "
                + "the number of its leading bits, as 10.0.0.0/8 or fd00:1::/64"
        }
        return "\(start): bits are set after its leading ones; the network of that address is \(meant)"
    }
}
