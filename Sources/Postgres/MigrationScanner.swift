/// A piece of SQL text, told apart as finely as the migrator needs: where statements end, and names.
struct SQLToken: Sendable, Hashable {
    enum Kind: Sendable { case word, quotedName, other }

    let kind: Kind
    /// A word in lower case, a quoted name without its quotes, anything else as it stands.
    let value: String
    let range: Range<String.Index>

    /// The identifier this token can be, folded as PostgreSQL folds it.
    var name: String? { kind == .other ? nil : value }
}

/// Reads SQL text token by token, past comments, and takes strings and dollar-quoted bodies as one token.
/// PostgreSQL documentation, section 4.1 "Lexical Structure". Expects standard_conforming_strings to be on.
struct SQLScanner {
    private let text: String
    private var position: String.Index

    init(_ text: String) {
        self.text = text
        position = text.startIndex
    }

    /// The text's statements, without the semicolons between them.
    static func statements(of text: String) -> [[SQLToken]] {
        var scanner = SQLScanner(text)
        var statements: [[SQLToken]] = [[]]
        var body = FunctionBody()
        while let token = scanner.next() {
            body.pass(token)
            if token.kind == .other, token.value == ";", !body.isOpen {
                statements.append([])
            } else {
                statements[statements.count - 1].append(token)
            }
        }
        return statements.filter { !$0.isEmpty }
    }

    /// An SQL-standard function body (`BEGIN ATOMIC ... END`), whose semicolons end no statement of the text. CASE has an END,
    /// too.
    private struct FunctionBody {
        private var depth = 0
        private var hasBegun = false

        var isOpen: Bool { depth > 0 }

        mutating func pass(_ token: SQLToken) {
            let word = token.kind == .word ? token.value : nil
            if hasBegun && word == "atomic" || isOpen && word == "case" {
                depth += 1
            } else if isOpen && word == "end" {
                depth -= 1
            }
            hasBegun = word == "begin"
        }
    }

    mutating func next() -> SQLToken? {
        skipBlanksAndComments()
        guard let first = byte() else { return nil }
        let start = position
        let kind = skipToken(first)
        let raw = String(text[start..<position])
        let value =
            switch kind {
            case .word: raw.lowercased()
            case .quotedName: unquoted(raw)
            case .other: raw
            }
        return SQLToken(kind: kind, value: value, range: start..<position)
    }

    private mutating func skipToken(_ first: UInt8) -> SQLToken.Kind {
        switch first {
        case UInt8(ascii: "\""):
            skipQuoted(first)
            return .quotedName
        case UInt8(ascii: "'"):
            skipQuoted(first)
        case UInt8(ascii: "$"):
            skipDollarQuoted()
        case _ where (first | 0x20) == UInt8(ascii: "e") && byte(1) == UInt8(ascii: "'"):
            advance(1)
            skipQuoted(UInt8(ascii: "'"), backslashEscapes: true)
        case _ where isNameByte(first):
            while let next = byte(), isNameByte(next) || next == UInt8(ascii: "$") { advance(1) }
            return (0x30...0x39).contains(first) ? .other : .word
        default:
            advance(1)
        }
        return .other
    }

    private mutating func skipBlanksAndComments() {
        while let next = byte() {
            if next == 0x20 || (0x09...0x0d).contains(next) {
                advance(1)
            } else if starts(with: "--") {
                skip(past: "\n")
            } else if starts(with: "/*") {
                skipBlockComment()
            } else {
                return
            }
        }
    }

    private mutating func skipBlockComment() {
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                advance(2)
            } else if starts(with: "*/") {
                depth -= 1
                advance(2)
            } else {
                advance(1)
            }
        } while depth > 0 && byte() != nil
    }

    private mutating func skipQuoted(_ quote: UInt8, backslashEscapes: Bool = false) {
        advance(1)
        while let next = byte() {
            if next == quote, byte(1) != quote { return advance(1) }
            advance(next == quote || (backslashEscapes && next == UInt8(ascii: "\\")) ? 2 : 1)
        }
    }

    /// `$$ ... $$` or `$tag$ ... $tag$`; a lone `$` otherwise.
    private mutating func skipDollarQuoted() {
        var length = 1
        while let next = byte(length), isNameByte(next) { length += 1 }
        guard byte(length) == UInt8(ascii: "$") else { return advance(1) }
        let start = position
        advance(length + 1)
        skip(past: String(text[start..<position]))
    }

    private mutating func skip(past terminator: String) {
        while byte() != nil, !starts(with: terminator) { advance(1) }
        advance(terminator.utf8.count)
    }

    private func starts(with prefix: String) -> Bool { text.utf8[position...].starts(with: prefix.utf8) }

    private func byte(_ offset: Int = 0) -> UInt8? {
        let index = text.utf8.index(position, offsetBy: offset, limitedBy: text.utf8.endIndex)
        return index.flatMap { $0 < text.utf8.endIndex ? text.utf8[$0] : nil }
    }

    private mutating func advance(_ count: Int) {
        let end = text.utf8.endIndex
        position = text.utf8.index(position, offsetBy: count, limitedBy: end) ?? end
    }
}

private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x5f, 0x80...: true
    default: false
    }
}

private func unquoted(_ name: String) -> String {
    var value = ""
    var quotePending = false
    for character in name.unicodeScalars.dropFirst().dropLast() {
        quotePending = character == "\"" && !quotePending
        if !quotePending { value.unicodeScalars.append(character) }
    }
    return value
}
