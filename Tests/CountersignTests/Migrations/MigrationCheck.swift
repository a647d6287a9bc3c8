import Postgres

/// Finds what a file of the schema would hold portals up by: runs each of its statements on tables that hold rows, and
/// looks at its locks, at what it has read and written under them, and whether it has written a table anew.
///
/// A statement that looks at every page of a table, or changes every row, takes longer than 100 ms on 10,000,000 rows.
struct MigrationCheck: ~Copyable {
    private var connection: Connection
    private let schema: String
    private var problems: [String] = []
    private var tables: [Table] = []

    /// A table that was there before, with its partitions and indexes.
    private struct Table {
        let id: Int64
        let name: String
        let file: Int64
        let pages: Int64
    }

    private struct Counters: Equatable {
        var fetched: Int64
        var changed: Int64
    }

    /// As the owner of tables that hold enough rows to fill more than 20 pages each.
    static func problems(
        of file: MigrationFile, schema: String = "countersign", _ connection: consuming Connection
    ) async throws -> [String] {
        var check = MigrationCheck(connection: connection, schema: schema)
        return try await check.run(file)
    }

    private init(connection: consuming Connection, schema: String) {
        self.connection = connection
        self.schema = schema
    }

    private mutating func run(_ file: MigrationFile) async throws -> [String] {
        tables = try await readTables()
        let announced = MigrationLock.all(in: file.text).filter(\.mode.stopsWriters).map(\.table)
        try await connection.execute("BEGIN")
        for statement in MigrationStatement.all(in: file.text) {
            // These run outside of transactions, and lock nobody out.
            if isConcurrent(statement.sql) { continue }
            try await run(statement.sql, isBatch: file.text.contains("\n-- in-batches\n"), announced)
        }
        try await connection.execute("ROLLBACK")
        return problems
    }

    private func isConcurrent(_ sql: String) -> Bool {
        sql.contains("CONCURRENTLY") || sql.hasPrefix("VACUUM") || sql.contains("ON ONLY")
    }

    private mutating func run(_ sql: String, isBatch: Bool, _ announced: [String]) async throws {
        let before = try await counters()
        try await connection.execute(sql)
        let after = try await counters()
        let locked = try await lockedTables()
        let present = Dictionary(try await readTables().map { ($0.id, $0.file) }) { first, _ in first }
        for (table, (old, new)) in zip(tables, zip(before, after)) {
            if let file = present[table.id], file != table.file { note("writes \(table.name) anew", sql) }
            let read = new.fetched - old.fetched
            if locked.contains(table.id), table.pages > 20, read > table.pages / 2 {
                note("reads all of \(table.name) while nobody can write into it", sql)
            }
            if new.changed - old.changed > (isBatch ? 10_000 : 1_000) {
                note("changes \(new.changed - old.changed) rows of \(table.name) at once", sql)
            }
            if locked.contains(table.id), !isAnnounced(table.name, announced) {
                note("locks \(table.name), which its text does not tell", sql)
            }
        }
    }

    /// A partition's lock is that of its table.
    private func isAnnounced(_ name: String, _ announced: [String]) -> Bool {
        announced.contains { table in
            let table = table.filter { $0 != "\"" }
            return name == table || name.hasPrefix("\(table)_")
        }
    }

    private mutating func note(_ problem: String, _ sql: String) {
        let sentence = "\(problem): \(sql.prefix(100))"
        if !problems.contains(sentence) { problems.append(sentence) }
    }
}

extension MigrationCheck {
    private mutating func readTables() async throws -> [Table] {
        let rows = try await connection.run(
            Statement(
                "check.tables",
                """
                SELECT oid::bigint, oid::regclass::text, relfilenode::bigint,
                       pg_relation_size(oid) / current_setting('block_size')::bigint
                FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'p', 'i') ORDER BY pg_class.oid
                """), [.text(schema)])
        var tables: [Table] = []
        for row in rows {
            tables.append(
                Table(
                    id: Int64(try row.int(0)), name: try row.text(1), file: Int64(try row.int(2)),
                    pages: Int64(try row.int(3))))
        }
        return tables
    }

    /// Of each table, what this transaction has done so far.
    private mutating func counters() async throws -> [Counters] {
        let ids = tables.map { "(\($0.id))" }.joined(separator: ", ")
        let rows = try await connection.execute(
            """
            SELECT pg_stat_get_xact_blocks_fetched(id), pg_stat_get_xact_tuples_inserted(id)
                   + pg_stat_get_xact_tuples_updated(id) + pg_stat_get_xact_tuples_deleted(id)
            FROM (VALUES \(ids)) AS t (id) ORDER BY id
            """)
        var counters: [Counters] = []
        for row in rows {
            counters.append(Counters(fetched: Int64(try row.int(0)), changed: Int64(try row.int(1))))
        }
        return counters
    }

    /// Those that nobody else can write into now.
    private mutating func lockedTables() async throws -> Set<Int64> {
        let rows = try await connection.execute(
            """
            SELECT DISTINCT l.relation::bigint FROM pg_locks l
            JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
            WHERE l.pid = pg_backend_pid() AND l.granted AND l.mode IN
                ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
            """)
        return Set(try rows.map { Int64(try $0.int(0)) })
    }
}
