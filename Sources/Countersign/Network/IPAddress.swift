import Postgres

/// An IPv4 or IPv6 address, in the one spelling that is allowed: dotted decimal, or RFC 4291 section 2.2 without a
/// zone. Octal, hexadecimal and shortened forms of IPv4 are none.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16.
    package let bytes: [UInt8]

    package init?(_ text: some StringProtocol) {
        let text = Array(text.utf8)
        guard let bytes = text.contains(colon) ? Self.version6(text[...]) : Self.version4(text[...]) else {
            return nil
        }
        self.bytes = bytes
    }

    /// Of 4 or 16 bytes.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16)
        self.bytes = bytes
    }

    package var isVersion4: Bool { bytes.count == 4 }

    /// An IPv4 address that is written as IPv6 (`::ffff:10.0.0.1`, RFC 4291 section 2.5.5.2), as IPv4: how a socket
    /// for both kinds tells its peers. Any other is as it is.
    package var unmapped: IPAddress {
        let isMapped =
            !isVersion4 && bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10...11].allSatisfy { $0 == 255 }
        return isMapped ? IPAddress(bytes: Array(bytes[12...])) : self
    }

    /// Whose it is, as far as one may count: of IPv6 the 64 bits that a customer has, within which he takes what
    /// address he likes.
    package var network: IPAddress {
        isVersion4 ? self : IPAddress(bytes: bytes.prefix(8) + [UInt8](repeating: 0, count: 8))
    }

    package var description: String {
        guard !isVersion4 else { return bytes.map(String.init).joined(separator: ".") }
        let words = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        let zeros = Self.longestZeros(words)
        guard zeros.count > 1 else { return Self.joined(words[...]) }
        return Self.joined(words[..<zeros.lowerBound]) + "::" + Self.joined(words[zeros.upperBound...])
    }

    private static func joined(_ words: ArraySlice<UInt16>) -> String {
        words.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// The run that RFC 5952 section 4.2 writes as `::`.
    private static func longestZeros(_ words: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for end in 1...words.count {
            if words[end - 1] != 0 { start = end }
            if end - start > longest.count { longest = start..<end }
        }
        return longest
    }
}

private let colon = UInt8(ascii: ":")
private let dot = UInt8(ascii: ".")

extension IPAddress {
    private static func version4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: dot, omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part -> UInt8? in
            guard part.allSatisfy({ (0x30...0x39).contains($0) }), (1...3).contains(part.count) else {
                return nil
            }
            // A leading zero means octal to some and decimal to others.
            guard part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            return UInt8(exactly: part.reduce(0) { $0 * 10 + Int($1 - 0x30) })
        }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    private static func version6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let gaps = text.indices.dropLast().filter { text[$0] == colon && text[$0 + 1] == colon }
        guard let gap = gaps.first else {
            return groups(text).flatMap { $0.count == 16 ? $0 : nil }
        }
        let (before, after) = (text[..<gap], text[(gap + 2)...])
        // An IPv4 address may stand at the very end only.
        guard gaps.count == 1, !before.contains(dot), let head = groups(before), let tail = groups(after)
        else { return nil }
        let zeros = 16 - head.count - tail.count
        return zeros >= 2 ? head + [UInt8](repeating: 0, count: zeros) + tail : nil
    }

    /// Bytes of `a:b:c`, whose last group may be an IPv4 address.
    private static func groups(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: colon, omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(dot) {
                guard let last = version4(part) else { return nil }
                bytes += last
            } else {
                guard (1...4).contains(part.count), let word = word(part) else { return nil }
                bytes += [UInt8(word >> 8), UInt8(truncatingIfNeeded: word)]
            }
        }
        return bytes
    }

    private static func word(_ digits: ArraySlice<UInt8>) -> UInt16? {
        digits.reduce(0) { word, digit in
            guard let word, let value = hexadecimalValue(digit) else { return nil }
            return word << 4 | UInt16(value)
        }
    }
}
