/// What a plan says of a file before its SQL, in comments: whom it has drain, how it is undone, and of each statement what
/// it locks, how large that is and how long it may take.
struct MigrationOutlook {
    struct Size {
        /// As it is written in SQL.
        let name: String
        let parts: Int
        let bytes: Int
        let rows: Int
    }

    /// By the names that locks have; only tables that are there.
    let sizes: [String: Size]
    /// The oldest program that works on the schema as it is.
    let minimumBinary: Int

    func comment(on run: MigrationRun) -> String {
        var lines: [String] = []
        if case .numbered(let migration) = run.step {
            lines.append(programs(after: migration))
            lines.append(wayBack(from: migration))
        }
        for statement in MigrationStatement.all(in: run.step.sql) {
            let told = statement.locks.compactMap { sentence($0, statement, run.step) }
            if !told.isEmpty { lines += ["\(firstLine(of: statement.sql)):"] + told.map { "  \($0)" } }
        }
        return lines.map { "--   \($0)\n" }.joined()
    }

    private func programs(after migration: Migration) -> String {
        let minimum = migration.minimumBinary
        return minimum > minimumBinary
            ? "Programs older than \(minimum) do not work after it: they drain within 5 s."
            : "Programs that work now work after it."
    }

    private func wayBack(from migration: Migration) -> String {
        if migration.undo != nil { return "A way back: `countersign migrate down`." }
        return "No way back but a backup: \(migration.noUndo ?? "it does not say how")."
    }

    private func sentence(
        _ lock: MigrationLock, _ statement: MigrationStatement, _ step: MigrationStep
    ) -> String? {
        guard let size = sizes[lock.table] else { return nil }
        let parts = size.parts > 1 ? "\(size.parts) partitions, " : ""
        let table = "\(size.name) (\(parts)\(size.bytes / 1_048_576) MB, about \(size.rows) rows)"
        return "\(lock.mode.rawValue) on \(table): \(time(lock, size, statement, step))"
    }

    /// A test sees to it that what stops writers looks at no rows. The rest is what disks of this century read in a second.
    private func time(
        _ lock: MigrationLock, _ size: Size, _ statement: MigrationStatement, _ step: MigrationStep
    ) -> String {
        if case .numbered(let migration) = step, case .eachPartition = migration.kind {
            return "about \(1 + size.bytes / 50_000_000) s, partition by partition beside running work"
        }
        if lock.mode.stopsWriters { return "less than 100 ms, in which nobody writes into it" }
        if case .numbered(let migration) = step, case .batches = migration.kind {
            return "about \(1 + size.rows / 10_000) s in batches, beside running work"
        }
        let sql = statement.sql.lowercased()
        if sql.contains("concurrently") || sql.contains(" only ") {
            return "about \(1 + size.bytes / 50_000_000) s, beside running work"
        }
        if sql.contains("validate") { return "about \(1 + size.bytes / 500_000_000) s, beside running work" }
        return "less than 100 ms, beside running work"
    }
}

private func firstLine(of sql: String) -> String {
    let line = sql.split(separator: "\n").first.map(String.init) ?? ""
    return line.utf8.count > 100 ? "\(line.prefix(97))..." : line
}

extension Migrator {
    func outlook(_ status: MigrationStatus, _ connection: inout Connection) async throws(MigrationError)
        -> MigrationOutlook
    {
        let names = Set(status.pending.flatMap { MigrationLock.all(in: $0.step.sql).map(\.table) }).sorted()
        let sizes = try await query(MigrationOutlook.sizes, &connection, parameters: [.texts(names)]) {
            row throws(DecodingFailure) in
            (
                try row.text(0),
                MigrationOutlook.Size(
                    name: try row.text(1), parts: try row.int(2), bytes: try row.int(3),
                    rows: try row.int(4))
            )
        }
        return MigrationOutlook(
            sizes: Dictionary(sizes) { first, _ in first }, minimumBinary: status.minimumBinary)
    }
}

extension MigrationOutlook {
    fileprivate static var sizes: String {
        """
        SELECT given.name, format('%I.%I', n.nspname, c.relname), count(*) FILTER (WHERE p.relkind = 'r')::int,
               sum(pg_relation_size(p.oid))::bigint, sum(greatest(p.reltuples, 0))::bigint
        FROM unnest($1::text[]) AS given (name)
        JOIN pg_class c ON c.oid = to_regclass(given.name) AND c.relkind IN ('r', 'p')
        JOIN pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS part (id)
        JOIN pg_class p ON p.oid = part.id AND (p.relkind = 'r' OR c.relkind = 'r')
        GROUP BY 1, 2
        """
    }
}
