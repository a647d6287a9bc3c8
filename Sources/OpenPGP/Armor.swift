/// ASCII armor, RFC 9580 section 6, taken strictly: exactly one block, nothing but white space around it, and
/// only one way to write the same bytes. librnp would read the first block, leave the rest unread, and take
/// damaged lines for something to be skipped.
enum Armor {
    enum Block: String {
        case publicKey = "PUBLIC KEY BLOCK"
        case privateKey = "PRIVATE KEY BLOCK"
        case signature = "SIGNATURE"
        case message = "MESSAGE"
    }

    enum Fault: Error, Equatable {
        /// Not one whole block of the expected kind.
        case notArmored
        case privateKey
        case severalBlocks
        /// Something other than headers, an empty line, base64 and a right checksum.
        case damaged
    }

    static func decode(_ text: String, _ block: Block) throws(Fault) -> [UInt8] {
        var lines = lines(text)
        guard let first = lines.popFirst(), let last = lines.popLast() else { throw .notArmored }
        guard !first.elementsEqual(begin(.privateKey)) else { throw .privateKey }
        guard first.elementsEqual(begin(block)) else { throw .notArmored }
        guard !lines.contains(where: { $0.starts(with: "-----BEGIN ".utf8) }) else { throw .severalBlocks }
        guard last.elementsEqual("-----END PGP \(block.rawValue)-----".utf8) else { throw .notArmored }
        guard let empty = lines.firstIndex(where: \.isEmpty), lines[..<empty].allSatisfy(isHeader) else {
            throw .damaged
        }
        guard let bytes = decode(lines[(empty + 1)...]) else { throw .damaged }
        return bytes
    }

    private static func begin(_ block: Block) -> String.UTF8View {
        "-----BEGIN PGP \(block.rawValue)-----".utf8
    }

    /// Without white space at their ends, and without empty ones at the start and the end.
    private static func lines(_ text: String) -> ArraySlice<Substring.UTF8View> {
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { $0.trimmingEnd() }
        let start = lines.firstIndex { !$0.isEmpty } ?? lines.endIndex
        let end = lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? start
        return lines[start..<end]
    }

    /// `Version: …`, `Comment: …`.
    private static func isHeader(_ line: Substring.UTF8View) -> Bool {
        line.contains(UInt8(ascii: ":")) && line.first != UInt8(ascii: ":")
    }

    private static func decode(_ lines: ArraySlice<Substring.UTF8View>) -> [UInt8]? {
        var lines = lines
        var sum: [UInt8]?
        if let last = lines.last, last.first == UInt8(ascii: "=") {
            sum = Base64.decode(last.dropFirst())
            guard sum?.count == 3 else { return nil }
            lines.removeLast()
        }
        guard let bytes = Base64.decode(lines.joined()) else { return nil }
        return sum == nil || sum == checksum(bytes) ? bytes : nil
    }

    /// CRC-24, section 6.1.1.
    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        var sum: UInt32 = 0xB704CE
        for byte in bytes {
            sum ^= UInt32(byte) << 16
            for _ in 0..<8 { sum = sum & 0x80_0000 == 0 ? sum << 1 : sum << 1 ^ 0x186_4CFB }
        }
        return [16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> $0) }
    }
}

extension Substring.UTF8View {
    /// Without blanks, tabs and carriage returns at the end.
    fileprivate func trimmingEnd() -> Substring.UTF8View {
        var line = self
        while let last = line.last, last == 0x20 || last == 0x09 || last == 0x0D { line.removeLast() }
        return line
    }
}
