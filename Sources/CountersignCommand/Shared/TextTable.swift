/// Records as lines of aligned columns under a heading, or one record as lines of names and values.
struct TextTable {
    let records: [Record]

    init(_ records: [Record]) {
        self.records = records
    }

    /// Numbers stand at the right of their columns, everything else at the left.
    var text: String {
        let head = records.first?.entries.map { title($0.name).uppercased() } ?? []
        let rows = [head] + records.map { $0.entries.map(\.field.text) }
        let widths = head.indices.map { column in rows.map { displayWidth($0[column]) }.max() ?? 0 }
        let isRight = records.first?.entries.map(\.field.isNumeric) ?? []
        return rows.map { row in
            let cells = row.indices.map { pad(row[$0], to: widths[$0], right: isRight[$0]) }
            return cells.joined(separator: "  ").withoutTrailingSpaces
        }.joined(separator: "\n")
    }

    /// One record, a line each field.
    static func details(_ record: Record, indent: String = "") -> String {
        let width = record.entries.map { displayWidth(title($0.name)) }.max() ?? 0
        return record.entries.map { entry in
            indent + pad(title(entry.name), to: width, right: false) + "  " + entry.field.text
        }.joined(separator: "\n")
    }
}

/// `created_at` is shown as `created`.
private func title(_ name: String) -> String {
    let stem = ["_at", "_ms"].first(where: name.hasSuffix).map { name.dropLast($0.count) }
    return String(stem ?? name[...]).replacing("_", with: " ")
}

private func pad(_ text: String, to width: Int, right: Bool) -> String {
    let spaces = String(repeating: " ", count: max(0, width - displayWidth(text)))
    return right ? spaces + text : text + spaces
}

extension String {
    fileprivate var withoutTrailingSpaces: String {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }
}
