extension Field {
    /// RFC 8259, indented by two spaces a level.
    func json(indent: String = "") -> String {
        switch self {
        case .text(let text): text.map(quoted) ?? "null"
        case .number(let number): number.map { "\($0)" } ?? "null"
        case .estimate(let number): "\(number)"
        case .flag(let flag): flag.map { "\($0)" } ?? "null"
        case .time(let time), .moment(let time, _), .age(let time, _): time.map { quoted("\($0)") } ?? "null"
        case .seconds(let duration): "\(duration.components.seconds)"
        case .milliseconds(let duration): "\(Int(duration / .milliseconds(1)))"
        case .texts(let texts): "[\(texts.map(quoted).joined(separator: ", "))]"
        case .document(let document, _): document.map(escaped) ?? "null"
        case .map(let entries): object(entries.map { .init(name: $0.name, field: .text($0.text)) }, indent)
        case .record(let record): record.map { object($0.entries, indent) } ?? "null"
        case .records(let records):
            records.isEmpty
                ? "[]" : block("[", records.map { Field.record($0).json(indent: indent + "  ") }, "]", indent)
        }
    }
}

private func object(_ entries: [Record.Entry], _ indent: String) -> String {
    guard !entries.isEmpty else { return "{}" }
    let members = entries.map { "\(quoted($0.name)): \($0.field.json(indent: indent + "  "))" }
    return block("{", members, "}", indent)
}

private func block(_ open: String, _ members: [String], _ close: String, _ indent: String) -> String {
    let lines = members.map { "\(indent)  \($0)" }.joined(separator: ",\n")
    return "\(open)\n\(lines)\n\(indent)\(close)"
}

/// Escapes what JSON must have escaped and what could move a terminal's cursor.
private func quoted(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar in
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        default: escaped(scalar)
        }
    }
    return "\"\(scalars.joined())\""
}

/// What could move a terminal's cursor stands in JSON only inside strings.
private func escaped(_ document: String) -> String {
    document.unicodeScalars.map(escaped).joined()
}

/// All unprintable ones lie in the basic plane.
private func escaped(_ scalar: Unicode.Scalar) -> String {
    guard scalar.isUnprintable else { return String(scalar) }
    return "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
}
