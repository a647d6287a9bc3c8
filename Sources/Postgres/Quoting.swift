/// An identifier for use within SQL text: `a"b` becomes `"a""b"`.
package func quotedIdentifier(_ name: String) -> String {
    var quoted = String.UnicodeScalarView()
    quoted.append("\"")
    // By scalars: a combining character after a quotation mark would hide it from a comparison of characters.
    for scalar in name.unicodeScalars {
        if scalar == "\"" { quoted.append(scalar) }
        quoted.append(scalar)
    }
    quoted.append("\"")
    return String(quoted)
}
