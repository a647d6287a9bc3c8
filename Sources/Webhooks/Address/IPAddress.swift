/// An IPv4 or IPv6 address, in the one spelling that is allowed: dotted decimal, or RFC 4291 section 2.2 without a
/// zone. Octal, hexadecimal and shortened forms of IPv4 are none.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16.
    package let bytes: [UInt8]

    package init?(_ text: some StringProtocol) {
        guard let bytes = text.contains(":") ? Self.version6(text) : Self.version4(text) else { return nil }
        self.bytes = bytes
    }

    /// Of 4 or 16 bytes.
    init(bytes: [UInt8]) {
        precondition(bytes.count == 4 || bytes.count == 16)
        self.bytes = bytes
    }

    package var isVersion4: Bool { bytes.count == 4 }

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

    private static func version4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let bytes = parts.compactMap { part -> UInt8? in
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part.utf8.count <= 3 else {
                return nil
            }
            // A leading zero means octal to some and decimal to others.
            return part.utf8.count > 1 && part.hasPrefix("0") ? nil : UInt8(part)
        }
        return parts.count == 4 && bytes.count == 4 ? bytes : nil
    }

    private static func version6(_ text: some StringProtocol) -> [UInt8]? {
        let halves = text.components(separatedBy: "::")
        // An IPv4 address may stand at the very end only.
        guard halves.count == 1 || (halves.count == 2 && !halves[0].contains(".")),
            let head = groups(halves[0]), let tail = groups(halves.last ?? "")
        else { return nil }
        if halves.count == 1 { return head.count == 16 ? head : nil }
        let zeros = 16 - head.count - tail.count
        return zeros >= 2 ? head + [UInt8](repeating: 0, count: zeros) + tail : nil
    }

    /// Bytes of `a:b:c`, whose last group may be an IPv4 address.
    private static func groups(_ text: String) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        var bytes: [UInt8] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(".") {
                guard let last = version4(part) else { return nil }
                bytes += last
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit),
                    let word = UInt16(part, radix: 16)
                else { return nil }
                bytes += [UInt8(word >> 8), UInt8(truncatingIfNeeded: word)]
            }
        }
        return bytes
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}

extension StringProtocol {
    /// Foundation's, which is not worth importing here.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = Substring(self)
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
