/// What the files of the schema define, object by object, as they stand in the program: applied or not.
package struct SchemaSource: Sendable {
    /// Everything that one file says of one object.
    package struct Part: Sendable, Hashable {
        /// The file, under its path below the folder of migrations.
        package let file: String
        package let object: SchemaObject
        /// Whole statements with the comments above them.
        package let sql: String
    }

    /// In the order of the files and of their text.
    package let parts: [Part]
    private let files: [MigrationFile]

    package init(_ files: [MigrationFile]) {
        self.files = files
        let statements = files.map { file in
            SQLScanner.statements(of: file.text).compactMap { tokens in
                SchemaObject(tokens).map { (object: $0, text: text(of: tokens, in: file.text)) }
            }
        }
        // A column's comment does not say whether it is a table's or a view's.
        let views = Set(statements.joined().map(\.object).filter { $0.kind == .view }.map(\.name))
        parts = zip(files, statements).flatMap { file, statements in
            let named = statements.map { object, text in
                (views.contains(object.name) ? SchemaObject(.view, object.name) : object, text)
            }
            var order: [SchemaObject] = []
            for (object, _) in named where !order.contains(object) { order.append(object) }
            return order.map { object in
                let texts = named.filter { $0.0 == object }.map(\.1)
                return Part(file: file.name, object: object, sql: texts.joined(separator: "\n"))
            }
        }
    }

    /// What is meant by an object's name, with or without its schema or arguments, with or without its table before it;
    /// by a column of a table; or by a file. Empty when nothing is.
    package func find(_ given: String) -> [Part] {
        let name = bare(given)
        let exact = parts.filter { $0.object.answers(to: name) }
        if !exact.isEmpty { return exact }
        let file = files.first { [$0.name, "\($0.name.dropLast(4))", concept($0.name)].contains(given) }
        if let file { return [Part(file: file.name, object: SchemaObject(.file, file.name), sql: file.text)] }
        return relations(with: name)
    }

    /// The table or view that `table.member` is of, or a table's own sequence `table_column_seq`. What the server names
    /// by itself, keys and sequences, begins with the table's name.
    private func relations(with name: String) -> [Part] {
        let halves = name.split(separator: ".", maxSplits: 1).map(String.init)
        let member = halves.count == 2 ? halves[1] : name
        let isOwn = { (part: Part) in
            member.hasPrefix("\(part.object.name)_") || halves.count == 2 && isWord(member, of: part.sql)
        }
        let tables = parts.filter { part in
            guard part.object.isRelation, halves.count == 2 || name.hasSuffix("_seq") else { return false }
            return (halves.count < 2 || part.object.name == halves[0]) && isOwn(part)
        }
        return parts.filter { part in tables.contains { $0.object == part.object } }
    }

    /// Names that look like one that is none, the likest first, at most three.
    package func suggestions(for given: String) -> [String] {
        let name = bare(given)
        let names = Set(parts.map(\.object.name) + files.map { concept($0.name) })
        let ranked = names.map { ($0, distance($0, name)) }.filter { $0.1 <= max(2, name.utf8.count / 3) }
        return ranked.sorted { ($0.1, $0.0) < ($1.1, $1.0) }.prefix(3).map(\.0)
    }
}

/// `countersign.Collect_OTP(uuid)` as it stands in the catalog: `collect_otp`.
private func bare(_ name: String) -> String {
    let whole = name.prefix { $0 != "(" }.lowercased()
    return whole.hasPrefix("countersign.") ? String(whole.dropFirst("countersign.".count)) : whole
}

/// `current/bell.sql` as `-- after:` names it.
private func concept(_ file: String) -> String {
    String(file.dropLast(".sql".count).split(separator: "/").last ?? "")
}

private func isWord(_ word: String, of sql: String) -> Bool {
    SQLScanner.statements(of: sql).contains { $0.contains { $0.name == word } }
}

/// A statement with the comment lines right above it, ended by its semicolon.
private func text(of tokens: [SQLToken], in text: String) -> String {
    guard let first = tokens.first, let last = tokens.last else { return "" }
    let lines = text[..<first.range.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)
    let comment = lines.dropLast().reversed().prefix { $0.hasPrefix("--") && !$0.hasPrefix("-----") }
        .reversed()
    let statement = text[first.range.lowerBound..<last.range.upperBound]
    return (comment + [statement]).joined(separator: "\n") + ";\n"
}

/// How many letters must be changed, added or taken away (Levenshtein).
private func distance(_ one: String, _ other: String) -> Int {
    let (one, other) = (Array(one.utf8), Array(other.utf8))
    var row = Array(0...other.count)
    for (i, letter) in one.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, wanted) in other.enumerated() {
            let change = diagonal + (letter == wanted ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(change, row[j] + 1, row[j + 1] + 1)
        }
    }
    return row[other.count]
}
