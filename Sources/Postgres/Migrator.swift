/// Brings a database's schema to what the program's files say, and tells where it stands.
///
/// Any number of migrators may start at once: they take turns by a lock on their own table, which a second session
/// holds and tries from the client's side, because waiting for it inside a statement would deadlock with CREATE INDEX
/// CONCURRENTLY. The connection must be the database owner's, and direct: no pooler.
package struct Migrator: Sendable {
    package struct Limits: Sendable {
        /// How long a try waits for locks before it makes way: as long everybody waits who comes after it.
        package var lockTimeout: Duration = .milliseconds(50)
        /// The same for statements outside transactions, behind which nobody queues.
        package var buildLockTimeout: Duration = .seconds(600)
        /// How often a file is tried when locks or deadlocks stop it; nil for as long as the operator lets it.
        package var attempts: Int?
        /// Before a try, for those who wait in functions to leave: they look at least each 50 ms.
        package var leaveTime: Duration = .milliseconds(75)
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
    /// Words of the files that are others in this database. Checksums are of the files as they stand.
    let words: WordReplacement
    private let unreleased: Set<String>

    /// Reads the files of both kinds. Throws when one breaks the rules of `Migration` or `CurrentFile`, when the numbers
    /// have a gap, or when files come after each other. Databases with a file in `unreleased` are refused by its name.
    package init(
        _ files: [MigrationFile], schema: String, unreleased: Set<String> = [], limits: Limits = Limits(),
        words: [String: String] = [:]
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
        self.words = WordReplacement(words)
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
    /// one transaction, and after that the files that cannot run in one. So old programs find the old schema until new
    /// ones find theirs: what comes after is speed. A database that is newer than the program is left alone, its
    /// current files, too, as long as it still takes this program.
    ///
    /// Ends with the task when others keep it from its locks, and tells of them again and again until then.
    package func up(
        _ connection: inout Connection, progress: @escaping (MigrationProgress) -> Void = { _ in }
    ) async throws(MigrationError) {
        try await checkEncoding(&connection)
        _ = try await checkedStatus(&connection)
        try await session(&connection, progress) { connection, work throws(MigrationError) in
            try await applyPending(&connection, work)
        }
    }

    /// Runs `body` while other migrators are kept away.
    func session(
        _ connection: inout Connection, _ progress: @escaping (MigrationProgress) -> Void,
        _ body: (inout Connection, MigrationWork) async throws(MigrationError) -> Void
    ) async throws(MigrationError) {
        try await createTables(&connection)
        let turn = try await takeTurn(beside: connection, progress)
        let failure: MigrationError?
        do throws(MigrationError) {
            try await body(&connection, MigrationWork(turn: turn, report: progress))
            failure = nil
        } catch {
            failure = error
        }
        // In case a file has changed the session's settings.
        _ = try? await connection.execute("RESET ALL")
        await turn.end()
        if let failure { throw failure }
    }

    /// Compares files and database. Changes nothing, and reports rather than throws what does not fit.
    package func status(_ connection: inout Connection) async throws(MigrationError) -> MigrationStatus {
        try await status(&connection, goesBack: false)
    }

    /// When it `goesBack`, what newer programs have written into current files is as good as pending.
    func status(_ connection: inout Connection, goesBack: Bool) async throws(MigrationError)
        -> MigrationStatus
    {
        let checksums = try await checksums(&connection)
        return MigrationStatus(
            Array(zip(order.steps, checksums)), applied: try await applied(&connection),
            current: try await appliedCurrent(&connection), unreleased: unreleased, goesBack: goesBack)
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
