import FoundationEssentials

/// Whether a text is a JSON object in which nothing is named twice, at any depth (RFC 7515 section 5.2, RFC 7519
/// section 4): of two values one reader takes the first and another the last. The rest of JSON is for the decoder to
/// look at.
func isObjectWithUniqueNames(_ text: [UInt8]) -> Bool {
    var scanner = NameScanner(rest: text[...])
    return scanner.readObject(depth: 0) && scanner.isAtEnd
}

private struct NameScanner {
    var rest: ArraySlice<UInt8>

    /// Of objects and lists in one another; tokens need two or three.
    private static let deepest = 16

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return rest.isEmpty
        }
    }

    mutating func readObject(depth: Int) -> Bool {
        guard depth < Self.deepest, take("{") else { return false }
        if take("}") { return true }
        var names: Set<String> = []
        repeat {
            guard let name = readString(), names.insert(name).inserted, take(":"), readValue(depth: depth)
            else { return false }
        } while take(",")
        return take("}")
    }

    private mutating func readList(depth: Int) -> Bool {
        guard depth < Self.deepest, take("[") else { return false }
        if take("]") { return true }
        repeat {
            guard readValue(depth: depth) else { return false }
        } while take(",")
        return take("]")
    }

    private mutating func readValue(depth: Int) -> Bool {
        skipSpace()
        switch rest.first {
        case UInt8(ascii: "{"): return readObject(depth: depth + 1)
        case UInt8(ascii: "["): return readList(depth: depth + 1)
        case UInt8(ascii: "\""): return readString() != nil
        default:
            let word = rest.prefix { !",]} \t\r\n".utf8.contains($0) }
            rest = rest.dropFirst(word.count)
            return !word.isEmpty
        }
    }

    /// As it is meant: `"\u0061lg"` is `alg`.
    private mutating func readString() -> String? {
        skipSpace()
        guard rest.first == UInt8(ascii: "\"") else { return nil }
        var end = rest.index(after: rest.startIndex)
        var hasEscape = false
        while end < rest.endIndex, rest[end] != UInt8(ascii: "\"") {
            guard rest[end] >= 0x20 else { return nil }
            let isEscape = rest[end] == UInt8(ascii: "\\")
            hasEscape = hasEscape || isEscape
            end += isEscape ? 2 : 1
        }
        guard end < rest.endIndex else { return nil }
        let literal = rest[rest.startIndex...end]
        rest = rest[(end + 1)...]
        guard hasEscape else {
            return String(validating: literal.dropFirst().dropLast(), as: UTF8.self)
        }
        return try? JSONDecoder().decode(String.self, from: Data(literal))
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    private mutating func skipSpace() {
        rest = rest.drop { " \t\r\n".utf8.contains($0) }
    }
}
