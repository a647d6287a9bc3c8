/// A `CREATE INDEX` of a migration, taken apart so that it can be built again under other names.
struct MigrationIndex: Sendable, Hashable {
    let isUnique: Bool
    let isConcurrent: Bool
    /// `ON ONLY`: the parent alone, not its partitions.
    let isOnly: Bool
    let name: String
    let schema: String
    let table: String
    /// What follows the table's name: method, columns, predicate.
    let definition: String

    /// Why a statement cannot be taken apart.
    struct Unreadable: Error { let reason: String }

    /// Nil when the statement does not create an index.
    init?(_ tokens: [SQLToken], of text: String) throws(Unreadable) {
        var cursor = TokenCursor(tokens)
        guard cursor.take("create") else { return nil }
        isUnique = cursor.take("unique")
        guard cursor.take("index") else { return nil }
        isConcurrent = cursor.take("concurrently")
        if cursor.take("if") {
            throw Unreadable(reason: "IF NOT EXISTS would hide an index that is not valid: leave it out")
        }
        guard let name = cursor.takeName(), cursor.take("on") else {
            throw Unreadable(reason: "the index needs a name")
        }
        self.name = name
        isOnly = cursor.take("only")
        guard let schema = cursor.takeName(), cursor.take("."), let table = cursor.takeName() else {
            throw Unreadable(reason: "the table needs its schema before it")
        }
        (self.schema, self.table) = (schema, table)
        guard let first = cursor.rest.first, let last = cursor.rest.last else {
            throw Unreadable(reason: "the index has no columns")
        }
        definition = String(text[first.range.lowerBound..<last.range.upperBound])
    }

    var qualifiedTable: String { quotedIdentifier(schema) + "." + quotedIdentifier(table) }
    var qualifiedName: String { quotedIdentifier(schema) + "." + quotedIdentifier(name) }
    /// Up to where the index's name follows.
    var verb: String { "CREATE \(isUnique ? "UNIQUE " : "")INDEX" }
}

/// Walks over the tokens of one statement.
struct TokenCursor {
    private(set) var rest: ArraySlice<SQLToken>

    init(_ tokens: [SQLToken]) {
        rest = tokens[...]
    }

    mutating func take(_ value: String) -> Bool {
        guard let first = rest.first, first.kind != .quotedName, first.value == value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func takeName() -> String? {
        guard let name = rest.first?.name, !take("on") else { return nil }
        rest.removeFirst()
        return name
    }

    /// The names of `schema.table.column`.
    mutating func takePath() -> [String]? {
        guard let first = takeName() else { return nil }
        var path = [first]
        while take("."), let name = takeName() { path.append(name) }
        return path
    }

    /// `table` of `schema.table`.
    mutating func takeLastName() -> String? { takePath()?.last }

    /// False when that word does not come.
    mutating func skip(past word: String) -> Bool {
        while !rest.isEmpty {
            if take(word) { return true }
            rest.removeFirst()
        }
        return false
    }
}
