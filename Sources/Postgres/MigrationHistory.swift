/// A row of `schema_migrations`.
package struct AppliedMigration: Sendable, Hashable {
    package let version: Int
    package let name: String
    /// SHA-256 of the file, in hexadecimal.
    package let checksum: String
    package let minimumBinary: Int
    package let appliedAt: Timestamp
    /// Nil while it is begun and not finished.
    package let duration: Duration?
    package let appliedBy: String
    /// What takes it back, as the program that applied it had it; nil when that cannot be done without loss.
    package let undo: String?
    /// Why not.
    package let noUndo: String?
}

/// A row of `schema_current`.
package struct AppliedCurrentFile: Sendable, Hashable {
    package let name: String
    /// SHA-256 of the file, in hexadecimal.
    package let checksum: String
    /// The number of the program that wrote it.
    package let program: Int
    package let appliedAt: Timestamp
    /// Nil when the file ended its own transaction.
    package let duration: Duration?
    package let appliedBy: String
}

/// A migration as program and database know it.
package struct MigrationEntry: Sendable, Hashable {
    package enum State: String, Sendable {
        case applied, pending, unfinished, changed, missing, skipped
        /// Applied by a newer program; none of this one's business.
        case newer
        /// Applied by a version that was never released, from which nothing leads here.
        case unreleased
    }

    package let version: Int
    package let name: String
    package let state: State
    /// Nil when the database does not know it.
    package let applied: AppliedMigration?
}

/// A current file as program and database know it.
package struct CurrentEntry: Sendable, Hashable {
    package enum State: String, Sendable {
        case applied
        /// New, or its content has changed: `up` runs it.
        case pending
        /// Written by a newer program, whose numbered files are applied, too: left alone.
        case newer
        /// No longer part of this program: `up` forgets it.
        case removed
    }

    package let name: String
    package let state: State
    /// Nil when the database does not know it.
    package let applied: AppliedCurrentFile?
}

/// A file on its way into a database.
struct MigrationRun: Sendable, Hashable {
    let step: MigrationStep
    /// SHA-256 in hexadecimal.
    let checksum: String
    /// An earlier run has recorded it and not finished it.
    let isBegun: Bool

    var name: String { step.name }
}
