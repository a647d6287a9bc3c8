/// A column as the listing has it: `text collate C not null default ''::text`.
struct ColumnDefinition {
    /// With its collation, as ALTER TABLE wants it.
    let type: String
    let isRequired: Bool
    let standard: String?

    init(_ text: String) {
        let end = text.firstRange(of: " default ")
        standard = end.map { String(text[$0.upperBound...]) }
        // What follows a type without a default: d and a are identities.
        var words = text[..<(end?.lowerBound ?? text.endIndex)].split(separator: " ")
        if standard == nil, let last = words.last, ["a", "d"].contains(last) { words.removeLast() }
        isRequired = words.suffix(2) == ["not", "null"]
        if isRequired { words.removeLast(2) }
        let isBytewise = words.suffix(2) == ["collate", "C"]
        if isBytewise { words.removeLast(2) }
        type = words.joined(separator: " ") + (isBytewise ? " COLLATE \"C\"" : "")
    }

    /// What follows ADD COLUMN and its name.
    var addition: String {
        type + (isRequired ? " NOT NULL" : "") + (standard.map { " DEFAULT \($0)" } ?? "")
    }

    /// What follows ALTER COLUMN and its name, one thing each, to make it of another.
    func changes(from other: ColumnDefinition) -> [String] {
        var changes: [String] = []
        if type != other.type { changes.append("TYPE \(type)") }
        if standard != other.standard {
            changes.append(standard.map { "SET DEFAULT \($0)" } ?? "DROP DEFAULT")
        }
        if isRequired != other.isRequired { changes.append(isRequired ? "SET NOT NULL" : "DROP NOT NULL") }
        return changes
    }
}
