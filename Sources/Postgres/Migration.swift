/// One step of the schema: a file `NNNN_what_it_does.sql` of plain SQL that `psql -f` accepts too.
///
/// Directives are lines of their own among the comment lines that the file begins with:
///
/// - `-- minimum-binary: <n>`, required: the oldest program that works on the schema after this file. A
///   program's number is that of the newest file it carries, so `n` is at most the file's own, and never
///   falls.
/// - `-- no-transaction`: the file holds one statement, which runs outside a transaction, for `CREATE INDEX
///   CONCURRENTLY`. It must bear being run again: when it is interrupted, the next `up` repeats it. An index
///   is looked at first: a valid one stays, one that an interruption left invalid is dropped and built again.
/// - `-- for-each-partition <schema>.<table>`: the file holds one `CREATE INDEX name ON ONLY schema.table`.
///   The migrator runs it for the parent, builds the same index CONCURRENTLY on each partition, named
///   `name_<what the partition's name has after the table's>`, and attaches them. Partitions attached
///   meanwhile get theirs from the server.
/// - `-- after: <concept>, <concept>`: the files of `current/` that must have run before, because a column's default
///   calls what they define.
///
/// - `-- in-batches`: the file holds one statement that changes a bounded number of rows, and none when all are changed.
///   It runs again and again until then, each time in a transaction of its own.
/// - `-- undo: <SQL>`: a statement that takes the file back without loss, for `migrate down`; or several such lines, in
///   the order in which they run. `-- no-undo: <reason>` says why there is none.
///
/// All files without `no-transaction`, `for-each-partition` and `in-batches` run in one transaction, before those. So
/// what follows outside may need what the transaction has made, never the other way round.
package struct Migration: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case transaction
        case statement(String)
        case batches(String)
        case index(MigrationIndex)
        case eachPartition(MigrationIndex)

        var index: MigrationIndex? {
            switch self {
            case .index(let index), .eachPartition(let index): index
            case .transaction, .statement, .batches: nil
            }
        }
    }

    /// Counts from 1 without gaps.
    package let number: Int
    /// The file's name.
    package let name: String
    package let sql: String
    /// The oldest program that works on the schema after this file.
    package let minimumBinary: Int
    /// Names of the current files that run before it.
    let after: [String]
    let kind: Kind
    /// The statements that take it back, as one text; nil when that cannot be done without loss.
    package let undo: String?
    package let noUndo: String?

    package init(_ file: MigrationFile) throws(MigrationError) {
        guard let number = fileNumber(file.name) else {
            throw .malformed(file: file.name, reason: "the name must be like 0001_what_it_does.sql")
        }
        let directives = try MigrationDirectives(file)
        guard let minimum = directives.minimumBinary, (0...number).contains(minimum) else {
            throw .malformed(
                file: file.name, reason: "it needs a line -- minimum-binary: with 0 to \(number)")
        }
        self.number = number
        guard !directives.followsEveryChange else {
            throw .malformed(file: file.name, reason: "with-every-change belongs into a file of current/")
        }
        name = file.name
        sql = file.text
        minimumBinary = minimum
        after = directives.after
        undo = directives.undo.isEmpty ? nil : directives.undo.joined(separator: "\n")
        noUndo = directives.noUndo
        do throws(MigrationIndex.Unreadable) {
            kind = try Kind(directives, text: file.text)
        } catch {
            throw .malformed(file: file.name, reason: error.reason)
        }
    }
}

extension Migration.Kind {
    fileprivate init(_ directives: MigrationDirectives, text: String) throws(MigrationIndex.Unreadable) {
        guard directives.isAlone || directives.isBatched || directives.partitioned != nil else {
            self = .transaction
            return
        }
        let statements = SQLScanner.statements(of: text)
        guard let tokens = statements.first, let last = tokens.last, statements.count == 1 else {
            throw MigrationIndex.Unreadable(
                reason: "it must hold exactly one statement, not \(statements.count)")
        }
        let index = try MigrationIndex(tokens, of: text)
        let statement = String(text[tokens[0].range.lowerBound..<last.range.upperBound])
        if let table = directives.partitioned {
            guard let index, index.isOnly, !index.isConcurrent, "\(index.schema).\(index.table)" == table
            else {
                throw MigrationIndex.Unreadable(reason: "it must hold CREATE INDEX name ON ONLY \(table)")
            }
            self = .eachPartition(index)
        } else if let index {
            guard index.isConcurrent, !index.isOnly else {
                throw MigrationIndex.Unreadable(
                    reason: "outside a transaction an index is built CONCURRENTLY")
            }
            self = .index(index)
        } else {
            self = directives.isBatched ? .batches(statement) : .statement(statement)
        }
    }
}

/// The number of `0001_what_it_does.sql`.
private func fileNumber(_ name: String) -> Int? {
    guard name.hasSuffix(".sql"), let underscore = name.firstIndex(of: "_") else { return nil }
    let digits = name[..<underscore]
    let rest = name[underscore...].dropFirst().dropLast(4)
    guard digits.utf8.count == 4, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), !rest.isEmpty,
        rest.utf8.allSatisfy({ (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f })
    else { return nil }
    return Int(digits)
}
