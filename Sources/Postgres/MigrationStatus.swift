/// Where a database stands, compared with the program's files.
package struct MigrationStatus: Sendable, Hashable {
    /// The numbered files, in the order of their numbers.
    package let entries: [MigrationEntry]
    /// The current files, by name.
    package let current: [CurrentEntry]
    /// What `up` has to do, in order.
    let pending: [MigrationRun]

    /// The newest migration that is finished, 0 when there is none.
    package var version: Int { entries.filter { $0.applied?.duration != nil }.map(\.version).max() ?? 0 }
    /// The oldest program that works on the schema.
    package var minimumBinary: Int { entries.compactMap { $0.applied?.minimumBinary }.max() ?? 0 }
    /// The same once `up` has run.
    package var pendingMinimumBinary: Int {
        pending.reduce(minimumBinary) { minimum, run in
            guard case .numbered(let migration) = run.step else { return minimum }
            return max(minimum, migration.minimumBinary)
        }
    }
    /// Current files that are no longer part of the program.
    var removed: [String] { current.filter { $0.state == .removed }.map(\.name) }
    /// How many files `up` would run.
    package var pendingCount: Int { pending.count }

    /// Everything that keeps `up` from working on this database, in order.
    package var problems: [MigrationError] {
        entries.compactMap { entry in
            switch entry.state {
            case .changed: .changed(file: entry.name, applied: entry.applied?.name ?? entry.name)
            case .missing: .missing(file: entry.name)
            case .skipped: .skipped(file: entry.name)
            case .unreleased: .outOfRange(.unreleased(applied: entry.applied?.name ?? entry.name))
            case .applied, .pending, .unfinished, .newer: nil
            }
        }
    }
}

extension MigrationStatus {
    /// Compares the program's files, with their checksums, with the database's rows.
    init(
        _ files: [(step: MigrationStep, checksum: String)], applied: [AppliedMigration],
        current: [AppliedCurrentFile], unreleased: Set<String>, goesBack: Bool
    ) {
        entries = Self.entries(files, applied, unreleased)
        let newest = files.count { if case .numbered = $0.step { true } else { false } }
        self.current = Self.current(
            files, current,
            isNewer: !goesBack && entries.contains { $0.version > newest && $0.applied != nil },
            isChanging: goesBack || entries.contains { $0.state == .pending || $0.state == .unfinished })
        let begun = Set(entries.filter { $0.state == .unfinished }.map(\.name))
        let waiting = Set(
            entries.filter { $0.state == .pending }.map(\.name)
                + self.current.filter { $0.state == .pending }.map(\.name)
        ).union(begun)
        pending = files.filter { waiting.contains($0.step.name) }.map { step, checksum in
            MigrationRun(step: step, checksum: checksum, isBegun: begun.contains(step.name))
        }
    }

    private static func entries(
        _ files: [(step: MigrationStep, checksum: String)], _ applied: [AppliedMigration],
        _ unreleased: Set<String>
    ) -> [MigrationEntry] {
        let rows = Dictionary(applied.map { ($0.version, $0) }) { first, _ in first }
        let newestApplied = rows.keys.max() ?? 0
        var known: [MigrationEntry] = []
        for case (.numbered(let migration), let checksum) in files {
            let row = rows[migration.number]
            let state: MigrationEntry.State =
                switch row {
                case nil: migration.number < newestApplied ? .skipped : .pending
                case let row? where unreleased.contains(row.name): .unreleased
                case let row? where row.name != migration.name || row.checksum != checksum: .changed
                case let row?: row.duration == nil ? .unfinished : .applied
                }
            known.append(
                MigrationEntry(version: migration.number, name: migration.name, state: state, applied: row))
        }
        let newest = known.count
        let unknown = applied.filter { $0.version < 1 || $0.version > newest }.map {
            let state: MigrationEntry.State = $0.version > newest ? .newer : .missing
            return MigrationEntry(version: $0.version, name: $0.name, state: state, applied: $0)
        }
        return (known + unknown).sorted { $0.version < $1.version }
    }

    /// `isNewer` when a newer program's files are applied, `isChanging` when numbered files wait.
    private static func current(
        _ files: [(step: MigrationStep, checksum: String)], _ applied: [AppliedCurrentFile], isNewer: Bool,
        isChanging: Bool
    ) -> [CurrentEntry] {
        let rows = Dictionary(applied.map { ($0.name, $0) }) { first, _ in first }
        let known = files.filter { if case .current = $0.step { true } else { false } }
        let changed = Set(
            known.filter { step, checksum in
                rows[step.name]?.checksum != checksum || rows[step.name]?.duration == nil
            }.map(\.step.name))
        let entries = known.map { step, _ in
            let isDue =
                changed.contains(step.name) || step.followsEveryChange && (isChanging || !changed.isEmpty)
            let state: CurrentEntry.State = !isDue ? .applied : isNewer ? .newer : .pending
            return CurrentEntry(name: step.name, state: state, applied: rows[step.name])
        }
        let names = Set(entries.map(\.name))
        let others = applied.filter { !names.contains($0.name) }.map {
            CurrentEntry(name: $0.name, state: isNewer ? .newer : .removed, applied: $0)
        }
        return (entries + others).sorted { $0.name < $1.name }
    }
}
