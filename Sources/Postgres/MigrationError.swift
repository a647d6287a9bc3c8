/// Why migrations cannot be used or applied. Each file is named; the description is one sentence.
package enum MigrationError: Error, Sendable, CustomStringConvertible {
    /// A file's name, directives or statement break the rules of `Migration`.
    case malformed(file: String, reason: String)
    /// The files do not count 1, 2, 3 and so on.
    case gap(expected: Int, found: String)
    /// A file asks for an older program than the one before it.
    case minimumFalls(file: String, from: Int)
    /// The database holds another file under this number than the program does.
    case changed(file: String, applied: String)
    /// Applied to the database, not known to the program although it knows newer ones.
    case missing(file: String)
    /// Not applied to the database although a newer one is.
    case skipped(file: String)
    /// Begun, not finished. `up` finishes it, unless the file ended its own transaction.
    case unfinished(file: String)
    /// The file holds a COMMIT or ROLLBACK of its own.
    case endsTransaction(file: String)
    /// All partitions have the index and yet the server does not take the parent's as valid.
    case invalidIndex(file: String, index: String)
    /// The statement that failed, after so many attempts.
    case failed(file: String, attempts: Int, PostgresError)
    /// A newer program's file that cannot be undone.
    case noWayBack(file: String, reason: String)
    /// Somebody else kept migrating for longer than we wait.
    case busy(processID: Int?)
    /// The session that kept other migrators away has ended.
    case lostTurn
    /// Texts of the database are not in UTF-8.
    case encoding(String)
    /// The schema and this program do not go together.
    case outOfRange(SchemaRangeError)
    /// The server refused something besides the files.
    case database(PostgresError)
    /// `schema_migrations` or `schema_current` is not the table that this program makes.
    case unreadable(DecodingFailure)
    case cancelled

    package var description: String {
        switch self {
        case .malformed(let file, let reason):
            "\(file) cannot be used: \(reason)"
        case .gap(let expected, let found):
            "\(found) comes where migration \(expected) is expected: numbers count from 1 without gaps"
        case .minimumFalls(let file, let from):
            "\(file) lowers minimum-binary below \(from), which an earlier migration asks for"
        case .changed(let file, let applied):
            file == applied
                ? "\(file) was changed after it was applied to this database: restore it and add a new file"
                : "\(file) stands where this database has applied \(applied): restore that file"
        case .missing(let file):
            "\(file) was applied to this database and is missing from this program"
        case .skipped(let file):
            "\(file) was not applied to this database although a newer migration was"
        case .unfinished(let file):
            "\(file) was begun and not finished"
        case .endsTransaction(let file):
            "\(file) ends the transaction it runs in: take out its COMMIT or ROLLBACK"
        case .invalidIndex(let file, let index):
            "\(file) has built \(index) on every partition, but it is not valid: drop it and migrate again"
        case .failed(let file, let attempts, let error):
            attempts > 1 ? "\(file) failed after \(attempts) attempts: \(error)" : "\(file) failed: \(error)"
        case .noWayBack(let file, let reason):
            "\(file) cannot be undone: \(reason). What is left is to restore a backup"
        case .busy(let processID):
            "another migration is running\(processID.map { " (server process \($0))" } ?? "")"
        case .lostTurn:
            "the session that keeps other migrations away was ended: migrate again"
        case .encoding(let name):
            "the encoding of this database is \(name), and UTF8 is needed: make a new one, "
                + "CREATE DATABASE ... TEMPLATE template0 ENCODING 'UTF8'"
        case .outOfRange(let error):
            error.description
        case .database(let error):
            error.description
        case .unreadable(let error):
            "the record of migrations cannot be read: \(error)"
        case .cancelled:
            "the migration was cancelled"
        }
    }
}
