#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// ASCII armor, RFC 9580 section 6: exactly one block, and nothing but white space around it.
///
/// What the text looks like says nothing: blank lines, other line ends, headers and the checksum, which section 6.1
/// forbids to refuse by, make no difference. librnp never sees the armor: it would read the first block, leave the
/// rest unread, and take damaged lines for something to be skipped.
package enum Armor {
    package enum Block: String {
        case publicKey = "PUBLIC KEY BLOCK"
        case privateKey = "PRIVATE KEY BLOCK"
        case signature = "SIGNATURE"
        case message = "MESSAGE"
    }

    package enum Fault: Error, Equatable {
        /// Not one whole block of the expected kind.
        case notArmored
        case privateKey
        case severalBlocks
        /// Which line is wrong, and how. Nothing of its text, which may be a secret.
        case damaged(String)
    }

    package static func decode(_ text: String, _ block: Block) throws(Fault) -> [UInt8] {
        var lines = lines(text)
        guard !lines.contains(where: { $0.isBegin(of: .privateKey) }) else { throw .privateKey }
        guard let first = lines.popFirst(), let last = lines.popLast(), first.isBegin(of: block) else {
            throw .notArmored
        }
        guard !lines.contains(where: { $0.text.starts(with: "-----BEGIN ".utf8) }) else {
            throw .severalBlocks
        }
        guard last.text.elementsEqual("-----END PGP \(block.rawValue)-----".utf8) else { throw .notArmored }
        // Base64 has no colon: a missing blank line after the headers makes nothing ambiguous.
        let body = lines.drop { $0.text.contains(UInt8(ascii: ":")) }
        return try decode(withoutChecksum(body))
    }

    /// Lines of 64 characters, with the checksum that some readers still ask for (section 6.1).
    package static func encode(_ bytes: [UInt8], _ block: Block) -> String {
        lines(bytes, block, checksum: PacketNumber.bytes(checksum(bytes), 3)).joined(separator: "\n") + "\n"
    }

    /// Without their ends. `width` is how many characters of base64 stand in each, at most 76 (section 6.2).
    package static func lines(
        _ bytes: [UInt8], _ block: Block, width: Int = 64, checksum: [UInt8]
    ) -> [String] {
        let text = Array(Data(bytes).base64EncodedString().utf8)
        var lines = ["-----BEGIN PGP \(block.rawValue)-----", ""]
        for start in stride(from: 0, to: text.count, by: width) {
            lines.append(String(decoding: text[start...].prefix(width), as: UTF8.self))
        }
        return lines + [
            "=" + Data(checksum).base64EncodedString(), "-----END PGP \(block.rawValue)-----",
        ]
    }

    /// CRC-24, section 6.1.1.
    private static func checksum(_ bytes: [UInt8]) -> Int {
        bytes.reduce(0xB7_04CE) { sum, byte in
            (0..<8).reduce(sum ^ Int(byte) << 16) { sum, _ in
                sum & 0x80_0000 == 0 ? sum << 1 : (sum << 1 ^ 0x186_4CFB) & 0xFF_FFFF
            }
        }
    }

    private struct Line {
        /// Counted from 1, as an editor does.
        let number: Int
        /// Without white space around it.
        let text: Substring.UTF8View

        func isBegin(of block: Block) -> Bool {
            text.elementsEqual("-----BEGIN PGP \(block.rawValue)-----".utf8)
        }
    }

    /// Those that are not blank.
    private static func lines(_ text: String) -> ArraySlice<Line> {
        let feed = text.utf8.contains(UInt8(ascii: "\n")) ? UInt8(ascii: "\n") : UInt8(ascii: "\r")
        let lines = text.utf8.split(separator: feed, omittingEmptySubsequences: false).enumerated()
            .map { Line(number: $0.offset + 1, text: $0.element.trimmed()) }
        return lines.filter { !$0.text.isEmpty }[...]
    }

    /// A line of nothing but `=` is padding that was wrapped.
    private static func withoutChecksum(_ lines: ArraySlice<Line>) throws(Fault) -> ArraySlice<Line> {
        let sign = UInt8(ascii: "=")
        let sum = lines.firstIndex { $0.text.first == sign && !$0.text.allSatisfy { $0 == sign } }
        guard let sum else { return lines }
        guard sum == lines.indices.last else {
            throw .damaged("line \(lines[sum + 1].number) comes after the checksum")
        }
        return lines[..<sum]
    }

    private static func decode(_ lines: ArraySlice<Line>) throws(Fault) -> [UInt8] {
        var base64 = Base64()
        for line in lines {
            for (index, character) in line.text.enumerated() where !base64.read(character) {
                throw .damaged("line \(line.number) is not base64 from its character \(index + 1) on")
            }
        }
        guard base64.isWhole else { throw .damaged("the base64 text ends in the middle of a byte") }
        return base64.bytes
    }
}

extension Substring.UTF8View {
    /// Without blanks, tabs, carriage returns and byte order marks at both ends.
    fileprivate func trimmed() -> Substring.UTF8View {
        var line = self
        if line.starts(with: "\u{FEFF}".utf8) { line = line.dropFirst(3) }
        while let last = line.last, Self.isBlank(last) { line.removeLast() }
        return line.drop(while: Self.isBlank)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
