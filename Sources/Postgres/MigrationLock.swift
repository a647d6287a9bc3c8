/// A lock on a table that a statement of a file takes, as far as its text tells: of `DO` and of what functions do it
/// tells nothing. PostgreSQL documentation, section 13.3.1 "Table-Level Locks".
package struct MigrationLock: Sendable, Hashable {
    /// From the weakest.
    package enum Mode: String, Sendable, CaseIterable, Comparable {
        case rowExclusive = "ROW EXCLUSIVE"
        case shareUpdateExclusive = "SHARE UPDATE EXCLUSIVE"
        case share = "SHARE"
        case shareRowExclusive = "SHARE ROW EXCLUSIVE"
        case accessExclusive = "ACCESS EXCLUSIVE"

        /// Whether nobody can write into the table while it is held.
        package var stopsWriters: Bool { self >= .share }

        package static func < (one: Mode, other: Mode) -> Bool { one.rank < other.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// With its schema, if that is given, and quoted where need be.
    package let table: String
    package let mode: Mode
    /// The table's partitions are not locked.
    package let isOnly: Bool

    init(_ table: String, _ mode: Mode, isOnly: Bool = false) {
        (self.table, self.mode, self.isOnly) = (table, mode, isOnly)
    }

    /// Those of all statements of a text.
    package static func all(in sql: String) -> [MigrationLock] {
        SQLScanner.statements(of: sql).flatMap(taken)
    }

    static func taken(by statement: [SQLToken]) -> [MigrationLock] {
        var cursor = TokenCursor(statement)
        if cursor.take("alter") { return alteration(&cursor) }
        if cursor.take("create") { return creation(&cursor) }
        if cursor.take("drop") { return removal(&cursor) }
        if cursor.take("comment") { return comment(&cursor) }
        if cursor.take("truncate") {
            _ = cursor.take("table")
            return tables(&cursor).map { MigrationLock($0, .accessExclusive) }
        }
        return change(&cursor)
    }

    private static func change(_ cursor: inout TokenCursor) -> [MigrationLock] {
        guard
            cursor.take("update") || cursor.take("delete") && cursor.take("from")
                || cursor.take("insert") && cursor.take("into")
        else { return [] }
        _ = cursor.take("only")
        return cursor.takeTable().map { [MigrationLock($0, .rowExclusive)] } ?? []
    }

    private static func comment(_ cursor: inout TokenCursor) -> [MigrationLock] {
        guard cursor.take("on") else { return [] }
        if cursor.take("column"), let path = cursor.takePath() {
            return [MigrationLock(qualified(path.dropLast()), .shareUpdateExclusive, isOnly: true)]
        }
        guard cursor.take("table"), let table = cursor.takeTable() else { return [] }
        return [MigrationLock(table, .shareUpdateExclusive, isOnly: true)]
    }

    private static func removal(_ cursor: inout TokenCursor) -> [MigrationLock] {
        if cursor.take("table") {
            cursor.skipIfExists()
            return tables(&cursor).map { MigrationLock($0, .accessExclusive) }
        }
        let isPolicy = cursor.take("policy")
        guard isPolicy || cursor.take("trigger"), cursor.skip(past: "on"), let table = cursor.takeTable()
        else { return [] }
        return [MigrationLock(table, .accessExclusive, isOnly: isPolicy)]
    }

    private static func tables(_ cursor: inout TokenCursor) -> [String] {
        var names: [String] = []
        repeat {
            _ = cursor.take("only")
            if let name = cursor.takeTable() { names.append(name) }
        } while cursor.take(",")
        return names
    }
}

extension MigrationLock {
    private static func creation(_ cursor: inout TokenCursor) -> [MigrationLock] {
        if cursor.take("or") { _ = cursor.take("replace") }
        _ = cursor.take("constraint") || cursor.take("unique")
        if cursor.take("table") { return newTable(&cursor) }
        if cursor.take("index") {
            let mode = cursor.take("concurrently") ? Mode.shareUpdateExclusive : .share
            guard cursor.skip(past: "on") else { return [] }
            let isOnly = cursor.take("only")
            return cursor.takeTable().map { [MigrationLock($0, mode, isOnly: isOnly)] } ?? []
        }
        let isPolicy = cursor.take("policy")
        guard isPolicy || cursor.take("trigger"), cursor.skip(past: "on"), let table = cursor.takeTable()
        else { return [] }
        return [MigrationLock(table, isPolicy ? .accessExclusive : .shareRowExclusive, isOnly: isPolicy)]
    }

    /// What a new table refers to, and what it becomes a partition of.
    private static func newTable(_ cursor: inout TokenCursor) -> [MigrationLock] {
        var (locks, rest): ([MigrationLock], TokenCursor) = (referred(cursor), cursor)
        if rest.skip(past: "partition"), rest.take("of"), let parent = rest.takeTable() {
            locks.append(MigrationLock(parent, .accessExclusive))
        }
        return locks
    }

    private static func referred(_ cursor: TokenCursor) -> [MigrationLock] {
        var (locks, rest): ([MigrationLock], TokenCursor) = ([], cursor)
        while rest.skip(past: "references") {
            if let table = rest.takeTable() { locks.append(MigrationLock(table, .shareRowExclusive)) }
        }
        return locks
    }

    private static func alteration(_ cursor: inout TokenCursor) -> [MigrationLock] {
        if cursor.take("policy") {
            guard cursor.skip(past: "on"), let table = cursor.takeTable() else { return [] }
            return [MigrationLock(table, .accessExclusive, isOnly: true)]
        }
        guard cursor.take("table") else { return [] }
        cursor.skipIfExists()
        let isOnly = cursor.take("only")
        guard let table = cursor.takeTable() else { return [] }
        let actions = cursor.rest.parts(separatedBy: ",")
        let mode = actions.map(mode).max() ?? .accessExclusive
        return [MigrationLock(table, mode, isOnly: isOnly)] + referred(cursor) + attached(cursor)
    }

    /// PostgreSQL documentation, ALTER TABLE: all that is not named there takes ACCESS EXCLUSIVE.
    private static func mode(of action: ArraySlice<SQLToken>) -> Mode {
        let words = action.map(\.value)
        switch words.first {
        case "validate", "attach", "cluster": return .shareUpdateExclusive
        case "set" where words.dropFirst().first == "(": return .shareUpdateExclusive
        case "reset": return .shareUpdateExclusive
        case "enable" where words.contains("trigger"), "disable" where words.contains("trigger"):
            return .shareRowExclusive
        case "alter" where words.contains("statistics"): return .shareUpdateExclusive
        case "add" where words.contains("foreign"): return .shareRowExclusive
        default: return .accessExclusive
        }
    }

    private static func attached(_ cursor: TokenCursor) -> [MigrationLock] {
        var rest = cursor
        guard rest.take("attach"), rest.take("partition"), let table = rest.takeTable() else { return [] }
        return [MigrationLock(table, .accessExclusive)]
    }
}

private func qualified(_ path: some Sequence<String>) -> String {
    path.map(quotedIdentifier).joined(separator: ".")
}

extension TokenCursor {
    fileprivate mutating func takeTable() -> String? { takePath().map(qualified) }

    fileprivate mutating func skipIfExists() {
        guard take("if") else { return }
        _ = take("not")
        _ = take("exists")
    }
}

extension ArraySlice<SQLToken> {
    /// The parts between separators that stand in no parentheses.
    fileprivate func parts(separatedBy separator: String) -> [Self] {
        var depth = 0
        return split { token in
            if token.value == "(" { depth += 1 }
            if token.value == ")" { depth -= 1 }
            return depth == 0 && token.value == separator
        }
    }
}
