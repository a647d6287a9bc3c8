import FoundationEssentials
import Postgres

/// A value in JSON (RFC 8259), on one line. Ours are structs of texts, numbers and truth values, which always have
/// such a form.
package func jsonText(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    // Sorted, so that two values with the same content are the same bytes.
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { preconditionFailure("a value without a form in JSON") }
    return String(decoding: data, as: UTF8.self)
}

/// A JSON string. Escapes, besides what must be, what could forge another line or move a terminal's cursor.
package func jsonString(_ text: String) -> String {
    var line = ""
    appendJSONString(text, to: &line)
    return line
}

/// Spares a string of its own: for lines of a log.
package func appendJSONString(_ text: String, to line: inout String) {
    line += "\""
    if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }) {
        line += text
    } else {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case _ where scalar.isUnprintable: line += jsonEscape(scalar)
            default: line.unicodeScalars.append(scalar)
            }
        }
    }
    line += "\""
}

/// A JSON document that somebody else wrote, with what could move a terminal's cursor escaped: in JSON that stands
/// only inside strings.
package func jsonPrintable(_ document: String) -> String {
    document.unicodeScalars.map { $0.isUnprintable ? jsonEscape($0) : String($0) }.joined()
}

/// Beyond the basic plane two escapes, a pair of surrogates (RFC 8259 section 7).
private func jsonEscape(_ scalar: Unicode.Scalar) -> String {
    String(scalar).utf16.map { unit in
        "\\u" + hexadecimal([UInt8(truncatingIfNeeded: unit >> 8), UInt8(truncatingIfNeeded: unit)])
    }.joined()
}
