package import Postgres

/// One thing that an action is told: an argument or an option of its command, a field of its form.
package struct ActionInput: Sendable {
    package enum Kind: Sendable { case argument, arguments, requiredOption, option, options }

    /// Of the option, and of the form's field.
    package let name: String
    package let kind: Kind
    package let help: String
    /// What stands for the value in the help; nil is the name.
    package let placeholder: String?
    /// What a shell may complete.
    package let words: [String]

    package init(
        _ name: String, _ kind: Kind = .argument, help: String, placeholder: String? = nil,
        words: [String] = []
    ) {
        (self.name, self.kind, self.help) = (name, kind, help)
        (self.placeholder, self.words) = (placeholder, words)
    }
}

/// Something that was typed does not have the form that is needed. The description says which form that is.
package struct UnreadableInput: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ sentence: String) { description = sentence }
}

/// Reads an id that was typed. `what` begins the sentence when it is none, such as `a transaction id`.
package func readIdentifier(_ text: String, _ what: String) throws(UnreadableInput) -> Identifier {
    guard let id = Identifier(text) else {
        throw UnreadableInput("\(what) is a UUID of 36 characters, not '\(text)'")
    }
    return id
}

/// What was typed for an action, by the names of its inputs.
package struct ActionWords: Sendable {
    private let words: [String: [String]]

    package init(_ words: [String: [String]]) { self.words = words }

    /// A form's fields, without the spaces and empty lines that people paste. A field is as many words as it has lines;
    /// `level.value` is what follows the equals sign of the field `level`.
    package init(form fields: [String: String]) {
        var words: [String: [String]] = [:]
        for (name, text) in fields where !name.hasSuffix(".value") {
            words[name] = text.split(whereSeparator: \.isNewline).map { trimmed($0) }.filter { !$0.isEmpty }
            if let value = fields["\(name).value"] {
                words[name] = ["\(trimmed(text[...]))=\(trimmed(value[...]))"]
            }
        }
        self.words = words
    }

    /// The only word; empty when there is none, which then is as wrong as any other.
    package subscript(name: String) -> String { words[name]?.first ?? "" }

    package func all(_ name: String) -> [String] { words[name] ?? [] }

    package func optional(_ name: String) -> String? { words[name]?.first }

    /// The words of `name=value`; nil when a word is not like that.
    static func assignment(_ word: String) -> (name: String, value: String)? {
        guard let sign = word.unicodeScalars.firstIndex(of: "=") else { return nil }
        return (String(word.unicodeScalars[..<sign]), String(word.unicodeScalars[sign...].dropFirst()))
    }
}

private func trimmed(_ text: Substring) -> String {
    let start = text.drop { $0.isWhitespace }
    return String(start.reversed().drop { $0.isWhitespace }.reversed())
}
