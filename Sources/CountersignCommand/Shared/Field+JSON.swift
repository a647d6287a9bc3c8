import Countersign

extension Field {
    /// RFC 8259, indented by two spaces a level; on one line when `indent` is nil.
    func json(indent: String? = "") -> String {
        switch self {
        case .text(let text): text.map(jsonString) ?? "null"
        case .number(let number): number.map { "\($0)" } ?? "null"
        case .estimate(let number): "\(number)"
        case .flag(let flag): flag.map { "\($0)" } ?? "null"
        case .time(let time), .moment(let time, _), .age(let time, _):
            time.map { jsonString("\($0)") } ?? "null"
        case .seconds(let duration): "\(duration.components.seconds)"
        case .milliseconds(let duration): "\(Int(duration / .milliseconds(1)))"
        case .texts(let texts): "[\(texts.map(jsonString).joined(separator: ", "))]"
        case .document(let document, _): document.map(jsonPrintable) ?? "null"
        case .map(let entries): object(entries.map { .init(name: $0.name, field: .text($0.text)) }, indent)
        case .record(let record): record.map { object($0.entries, indent) } ?? "null"
        case .records(let records):
            records.isEmpty
                ? "[]"
                : block("[", records.map { Field.record($0).json(indent: deeper(indent)) }, "]", indent)
        }
    }
}

private func object(_ entries: [Record.Entry], _ indent: String?) -> String {
    guard !entries.isEmpty else { return "{}" }
    let members = entries.map { "\(jsonString($0.name)): \($0.field.json(indent: deeper(indent)))" }
    return block("{", members, "}", indent)
}

private func block(_ open: String, _ members: [String], _ close: String, _ indent: String?) -> String {
    guard let indent else { return open + members.joined(separator: ", ") + close }
    let lines = members.map { "\(indent)  \($0)" }.joined(separator: ",\n")
    return "\(open)\n\(lines)\n\(indent)\(close)"
}

private func deeper(_ indent: String?) -> String? { indent.map { $0 + "  " } }
