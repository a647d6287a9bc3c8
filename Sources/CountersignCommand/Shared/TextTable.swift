/// Records as lines of aligned columns under a heading, or one record as lines of names and values.
struct TextTable {
    let records: [Record]
    /// How wide it may be; nil is as wide as it gets.
    let width: Int?

    /// By itself it fits the terminal that standard output goes to. What goes elsewhere keeps a line a record.
    init(_ records: [Record], width: Int? = terminalSize()?.columns) {
        self.records = records
        self.width = width
    }

    /// Numbers stand at the right of their columns, everything else at the left. What is too wide is wrapped inside its
    /// column, between words; where a word is wider than that, each record stands as lines of names and values.
    var text: String {
        let head = records.first?.entries.map { title($0.name).uppercased() } ?? []
        let rows = [head] + records.map { $0.entries.map(\.field.text) }
        guard let widths = fittingWidths(rows) else {
            return records.map { Self.details($0) }.joined(separator: "\n\n")
        }
        let isRight = records.first?.entries.map(\.field.isNumeric) ?? []
        return rows.flatMap { row in
            let cells = row.indices.map { wrapped(row[$0], to: widths[$0]) }
            return (0..<(cells.map(\.count).max() ?? 0)).map { line in
                cells.indices.map { column in
                    let cell = cells[column].indices.contains(line) ? cells[column][line] : ""
                    return pad(cell, to: widths[column], right: isRight[column])
                }.joined(separator: "  ").withoutTrailingSpaces
            }
        }.joined(separator: "\n")
    }

    /// The widest columns give way first, none below its widest word. Nil when that is not enough.
    private func fittingWidths(_ rows: [[String]]) -> [Int]? {
        let columns = rows.first?.indices ?? 0..<0
        var widths = columns.map { column in rows.map { displayWidth($0[column]) }.max() ?? 0 }
        guard let width else { return widths }
        let least = columns.map { column in
            rows.flatMap { $0[column].split(separator: " ") }.map { displayWidth(String($0)) }.max() ?? 0
        }
        var excess = widths.reduce(2 * (widths.count - 1), +) - width
        while excess > 0 {
            let shrinkable = columns.filter { widths[$0] > least[$0] }
            guard let widest = shrinkable.max(by: { widths[$0] < widths[$1] }) else { return nil }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
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

/// Lines of at most that width, broken between words.
private func wrapped(_ text: String, to width: Int) -> [String] {
    guard displayWidth(text) > width else { return [text] }
    var lines: [String] = []
    for word in text.split(separator: " ") {
        if let last = lines.last, displayWidth(last) + 1 + displayWidth(String(word)) <= width {
            lines[lines.count - 1] += " \(word)"
        } else {
            lines.append(String(word))
        }
    }
    return lines
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
