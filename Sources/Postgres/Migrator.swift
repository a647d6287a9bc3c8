/// Brings a database's schema to what the program's files say, and tells where it stands.
///
/// Any number of migrators may start at once: they take turns by a lock on their own table, which a second session
/// holds and tries from the client's side, because waiting for it inside a statement would deadlock with CREATE INDEX
/// CONCURRENTLY. The connection must be the database owner's, and direct: no pooler.
package struct Migrator: Sendable {
    package struct Limits: Sendable {
        /// How long a transaction waits for a lock before it makes way and is tried again.
        package var lockTimeout: Duration = .seconds(2)
        /// The same for statements outside transactions, behind which nobody queues.
        package var buildLockTimeout: Duration = .seconds(600)
        /// How often a file is tried when locks or deadlocks stop it.
        package var attempts = 20
        /// The first pause between two attempts; it doubles up to `pauseLimit`, with jitter.
        package var pause: Duration = .milliseconds(250)
        package var pauseLimit: Duration = .seconds(5)
        /// How long to wait for another migrator.
        package var turnTimeout: Duration = .seconds(600)

        package init() {}
    }

    package let migrations: [Migration]
    /// The program's number, which `minimum-binary` is compared with.
    package let program: Int
    let order: MigrationOrder
    let script: MigrationScript
    let limits: Limits
    private let unreleased: Set<String>

    /// Reads the files of both kinds. Throws when one breaks the rules of `Migration` or `CurrentFile`, when the numbers
    /// have a gap, or when files come after each other. Databases with a file in `unreleased` are refused by its name.
    package init(
        _ files: [MigrationFile], schema: String, unreleased: Set<String> = [], limits: Limits = Limits()
    ) throws(MigrationError) {
        migrations = try Self.migrations(files.filter { !$0.isCurrent })
        var current: [CurrentFile] = []
        for file in files where file.isCurrent { current.append(try CurrentFile(file)) }
        order = try MigrationOrder(migrations, current)
        program = migrations.count
        script = MigrationScript(
            schema: schema, program: migrations.count, lockTimeout: limits.lockTimeout,
            buildLockTimeout: limits.buildLockTimeout)
        self.limits = limits
        self.unreleased = unreleased
    }

    private static func migrations(_ files: [MigrationFile]) throws(MigrationError) -> [Migration] {
        var migrations: [Migration] = []
        for file in files.sorted(by: { $0.name < $1.name }) {
            let migration = try Migration(file)
            guard migration.number == migrations.count + 1 else {
                throw .gap(expected: migrations.count + 1, found: migration.name)
            }
            let minimum = migrations.last?.minimumBinary ?? 0
            guard migration.minimumBinary >= minimum else {
                throw .minimumFalls(file: migration.name, from: minimum)
            }
            migrations.append(migration)
        }
        return migrations
    }

    /// Applies what is pending: numbered files that have not run, then current files whose content has changed, all in
    /// one transaction but for files that cannot run in one. A database that is newer than the program is left alone, its
    /// current files, too, as long as it still takes this program.
    package func up(
        _ connection: inout Connection, progress: (MigrationProgress) -> Void = { _ in }
    ) async throws(MigrationError) {
        try await checkEncoding(&connection)
        _ = try await checkedStatus(&connection)
        try await createTables(&connection)
        var turn = try await takeTurn(beside: connection, progress)
        do {
            try await applyPending(&connection, turn: turn, progress)
        } catch {
            await end(&turn, &connection)
            throw error
        }
        await end(&turn, &connection)
    }

    /// Compares files and database. Changes nothing, and reports rather than throws what does not fit.
    package func status(_ connection: inout Connection) async throws(MigrationError) -> MigrationStatus {
        let checksums = try await checksums(&connection)
        return MigrationStatus(
            Array(zip(order.steps, checksums)), applied: try await applied(&connection),
            current: try await appliedCurrent(&connection), unreleased: unreleased)
    }

    /// Throws the first thing that is not as the files say: a changed, missing, skipped or unfinished file,
    /// an index that is not valid, a schema that asks for a newer program. Pending files are no failure.
    package func verify(_ connection: inout Connection) async throws(MigrationError) -> MigrationStatus {
        let status = try await checkedStatus(&connection)
        if let entry = status.entries.first(where: { $0.state == .unfinished }) {
            throw .unfinished(file: entry.name)
        }
        for migration in migrations.prefix(status.version) {
            try await verifyIndex(of: migration, &connection)
        }
        return status
    }

    /// The status of a database that `up` can work on.
    func checkedStatus(_ connection: inout Connection) async throws(MigrationError) -> MigrationStatus {
        let status = try await status(&connection)
        if let problem = status.problems.first { throw problem }
        do throws(SchemaRangeError) {
            try SchemaRange(requires: 0, program: program)
                .check(version: status.version, minimumBinary: status.minimumBinary)
        } catch {
            throw .outOfRange(error)
        }
        return status
    }

    /// A later migration may have dropped the index: only one that is there and not valid is wrong.
    private func verifyIndex(of migration: Migration, _ connection: inout Connection)
        async throws(MigrationError)
    {
        guard let index = migration.kind.index else { return }
        guard try await !flag(script.isInvalid(index), &connection) else {
            throw .invalidIndex(file: migration.name, index: index.name)
        }
    }
}
