/// A statement of a file, and what its text tells of it.
package struct MigrationStatement: Sendable, Hashable {
    /// Without its semicolon.
    package let sql: String
    package let locks: [MigrationLock]

    /// Those of a file, in order.
    package static func all(in text: String) -> [MigrationStatement] {
        SQLScanner.statements(of: text).compactMap { tokens in
            guard let first = tokens.first, let last = tokens.last else { return nil }
            return MigrationStatement(
                sql: String(text[first.range.lowerBound..<last.range.upperBound]),
                locks: MigrationLock.taken(by: tokens))
        }
    }
}
