/// An identifier for use within SQL text: `a"b` becomes `"a""b"`.
package func quotedIdentifier(_ name: String) -> String { quoted(name, by: "\"") }

/// A string for use within SQL text where no parameter can be: `a'b` becomes `'a''b'`. Expects
/// standard_conforming_strings to be on.
package func quotedLiteral(_ text: String) -> String { quoted(text, by: "'") }

/// By scalars: a combining character after a quotation mark would hide it from a comparison of characters.
private func quoted(_ text: String, by mark: Unicode.Scalar) -> String {
    var quoted = String.UnicodeScalarView()
    quoted.append(mark)
    for scalar in text.unicodeScalars {
        if scalar == mark { quoted.append(scalar) }
        quoted.append(scalar)
    }
    quoted.append(mark)
    return String(quoted)
}
