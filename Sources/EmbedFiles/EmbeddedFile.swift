/// A text that Swift source can hold.
struct EmbeddedFile {
    let path: String
    let text: String

    init(path: String, bytes: some Collection<UInt8>) throws(NotText) {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw NotText(path: path) }
        self.path = path
        self.text = text
    }

    /// A raw string of several lines. It has more # than follow one another anywhere in the text, so that nothing
    /// in there ends it or begins an escape.
    var literal: String {
        let fence = String(repeating: "#", count: longestRun + 1)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if Self.isAllowed(byte) {
                bytes.append(byte)
            } else {
                bytes += Array("\\\(fence)u{\(String(byte, radix: 16))}".utf8)
            }
        }
        return "\(fence)\"\"\"\n\(String(decoding: bytes, as: UTF8.self))\n\"\"\"\(fence)"
    }

    private var longestRun: Int {
        var (run, longest) = (0, 0)
        for byte in text.utf8 {
            run = byte == UInt8(ascii: "#") ? run + 1 : 0
            longest = max(longest, run)
        }
        return longest
    }

    /// The compiler reads a carriage return as an end of line and refuses other control characters.
    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\t"), UInt8(ascii: "\n"): true
        case 0..<0x20, 0x7F: false
        default: true
        }
    }
}

struct NotText: Error, CustomStringConvertible {
    let path: String

    var description: String { "\(path) is not UTF-8, and only text can be embedded" }
}
