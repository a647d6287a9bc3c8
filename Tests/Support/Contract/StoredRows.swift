import Postgres

extension Database {
    /// Rows of every table of the schema but those, by its name.
    package func rowCounts(besides: Set<String> = []) async throws -> [String: Int] {
        var superuser = try await connectAsSuperuser()
        var counts: [String: Int] = [:]
        for table in try await tables(&superuser) where !besides.contains(table) {
            counts[table] = try await superuser.execute("SELECT count(*) FROM countersign.\(table)")[0].int(0)
        }
        return counts
    }

    /// All rows of every table of the schema as text, and what the planner's statistics keep of them.
    package func everythingStored() async throws -> String {
        var superuser = try await connectAsSuperuser()
        try await superuser.execute("ANALYZE")
        var text = ""
        for table in try await tables(&superuser) {
            let rows = try await superuser.execute("SELECT t::text FROM countersign.\(table) t")
            text += try rows.map { "\(table): \(try $0.text(0))\n" }.joined()
        }
        let statistics = "SELECT s::text FROM pg_stats s WHERE schemaname = 'countersign'"
        return text + (try await superuser.execute(statistics).map { try $0.text(0) + "\n" }.joined())
    }

    private func tables(_ connection: inout Connection) async throws -> [String] {
        let sql = """
            SELECT relname::text FROM pg_class
            WHERE relnamespace = 'countersign'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
            """
        return try await connection.execute(sql).map { try $0.text(0) }
    }
}
