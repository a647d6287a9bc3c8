/// What `Migrator.up` is doing, for the operator who watches. The description is one line.
package enum MigrationProgress: Sendable, CustomStringConvertible {
    /// Another migration runs in this server process.
    case waiting(processID: Int?)
    /// A file begins.
    case applying(file: String)
    /// A statement outside a transaction, which may take long.
    case running(statement: String)
    /// Somebody holds a lock or won a deadlock; the file is tried again after the pause.
    case retrying(file: String, PostgresError, blockers: [MigrationBlocker], pause: Duration)
    /// Nobody could write into these tables for so long.
    case held(tables: [String], Duration)
    /// A file that changes rows batch by batch has changed so many.
    case changed(file: String, rows: Int)
    case applied(file: String)
    case undone(file: String)
    /// A current file that this program no longer has.
    case forgotten(file: String)
    /// All is done; how many files this run has applied.
    case finished(version: Int, applied: Int)

    package var description: String {
        switch self {
        case .waiting(let processID):
            "waiting for another migration\(processID.map { " (server process \($0))" } ?? "")"
        case .applying(let file): "applying \(file)"
        case .running(let statement): "running \(statement)"
        case .retrying(let file, let error, let blockers, let pause):
            "\(file) is tried again in \(milliseconds(pause)) ms: \(error)"
                + blockers.map { "; in the way: \($0)" }.joined()
        case .held(let tables, let time):
            "\(tables.joined(separator: ", ")) were locked for \(milliseconds(time)) ms"
        case .changed(let file, let rows): "\(file) has changed \(rows) rows"
        case .applied(let file): "applied \(file)"
        case .undone(let file): "undid \(file)"
        case .forgotten(let file): "\(file) is no longer part of this program"
        case .finished(let version, 0): "the schema is at version \(version), nothing to do"
        case .finished(let version, let applied): "the schema is at version \(version), \(applied) applied"
        }
    }
}

private func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }
