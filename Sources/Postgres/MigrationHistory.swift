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
}

/// A migration as program and database know it.
package struct MigrationEntry: Sendable, Hashable {
    package enum State: String, Sendable {
        case applied, pending, unfinished, changed, missing, skipped
        /// Applied by a newer program; none of this one's business.
        case newer
    }

    package let version: Int
    package let name: String
    package let state: State
    /// Nil when the database does not know it.
    package let applied: AppliedMigration?
}

/// Where a database stands, compared with the program's files.
package struct MigrationStatus: Sendable, Hashable {
    /// In the order of their numbers.
    package let entries: [MigrationEntry]
    /// What `up` has to do, in order.
    let pending: [MigrationRun]

    /// The newest migration that is finished, 0 when there is none.
    package var version: Int { entries.filter { $0.applied?.duration != nil }.map(\.version).max() ?? 0 }
    /// The oldest program that works on the schema.
    package var minimumBinary: Int { entries.compactMap { $0.applied?.minimumBinary }.max() ?? 0 }

    /// Compares the program's files and their checksums with the database's rows.
    init(_ migrations: [Migration], checksums: [String], applied: [AppliedMigration]) {
        let rows = Dictionary(applied.map { ($0.version, $0) }) { first, _ in first }
        let newest = migrations.count
        let newestApplied = rows.keys.max() ?? 0
        let known = zip(migrations, checksums).map { migration, checksum in
            let row = rows[migration.number]
            let state: MigrationEntry.State =
                switch row {
                case nil: migration.number < newestApplied ? .skipped : .pending
                case let row? where row.name != migration.name || row.checksum != checksum: .changed
                case let row?: row.duration == nil ? .unfinished : .applied
                }
            return MigrationEntry(version: migration.number, name: migration.name, state: state, applied: row)
        }
        let unknown = applied.filter { $0.version < 1 || $0.version > newest }.map {
            let state: MigrationEntry.State = $0.version > newest ? .newer : .missing
            return MigrationEntry(version: $0.version, name: $0.name, state: state, applied: $0)
        }
        entries = (known + unknown).sorted { $0.version < $1.version }
        pending = zip(zip(migrations, checksums), known).compactMap { file, entry in
            guard entry.state == .pending || entry.state == .unfinished else { return nil }
            return MigrationRun(migration: file.0, checksum: file.1, isBegun: entry.state == .unfinished)
        }
    }

    /// Everything that keeps `up` from working on this database, in order.
    package var problems: [MigrationError] {
        entries.compactMap { entry in
            switch entry.state {
            case .changed: .changed(file: entry.name, applied: entry.applied?.name ?? entry.name)
            case .missing: .missing(file: entry.name)
            case .skipped: .skipped(file: entry.name)
            case .applied, .pending, .unfinished, .newer: nil
            }
        }
    }
}

/// A file on its way into a database.
struct MigrationRun: Sendable, Hashable {
    let migration: Migration
    /// SHA-256 in hexadecimal.
    let checksum: String
    /// An earlier run has recorded it and not finished it.
    let isBegun: Bool
}
