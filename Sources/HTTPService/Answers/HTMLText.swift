/// A text within HTML: in an element, or in an attribute's quotes. By scalars: the markup character before a combining
/// mark is still one to a browser, though Swift takes both for one character.
package func htmlText(_ text: String) -> String {
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar {
        case "<": escaped += "&lt;".unicodeScalars
        case ">": escaped += "&gt;".unicodeScalars
        case "&": escaped += "&amp;".unicodeScalars
        case "\"": escaped += "&quot;".unicodeScalars
        case "'": escaped += "&#39;".unicodeScalars
        default: escaped.append(scalar)
        }
    }
    return String(escaped)
}
