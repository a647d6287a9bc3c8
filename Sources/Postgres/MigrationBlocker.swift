/// A session that a migration waits for. Its query is not told: it may hold what is secret.
package struct MigrationBlocker: Sendable, Hashable, CustomStringConvertible {
    package let processID: Int
    package let login: String?
    package let application: String
    /// `idle in transaction`, `active`; nil when this login may not see it, or for a process of the server.
    package let state: String?
    /// Since its query began, or since the last one did. Nil when this login may not see it.
    package let queryAge: Duration?
    /// Since its transaction began.
    package let age: Duration?
    /// `client backend`, `autovacuum worker`.
    package let kind: String?

    package var description: String {
        let name = login ?? kind ?? "a process"
        let program = application.isEmpty ? "" : " (\(application))"
        let doing = state.map { ", \($0)" } ?? ""
        let ages = [
            age.map { "its transaction is \(seconds($0)) old" },
            queryAge.map { "its query \(seconds($0))" },
        ].compactMap(\.self).joined(separator: ", ")
        let told = ages.isEmpty ? "its age is shown to members of pg_monitor" : ages
        return "\(name)\(program)\(doing), server process \(processID), \(told)"
    }

    /// Who keeps a session waiting, the longest first.
    static func find(_ waiting: Int32, _ connection: inout Connection) async throws -> [MigrationBlocker] {
        let rows = try await connection.run(statement, [.int32(waiting)])
        var blockers: [MigrationBlocker] = []
        for row in rows { blockers.append(try MigrationBlocker(row)) }
        return blockers
    }

    private static let statement = Statement(
        "migration blockers",
        """
        SELECT a.pid, a.usename::text, a.application_name, a.state, a.backend_type,
               (extract(epoch FROM clock_timestamp() - a.query_start) * 1000)::bigint,
               (extract(epoch FROM clock_timestamp() - a.xact_start) * 1000)::bigint
        FROM (SELECT DISTINCT unnest(pg_blocking_pids($1::int4))) AS blocking (pid)
        JOIN pg_stat_activity a USING (pid) ORDER BY a.xact_start LIMIT 5
        """)

    private init(_ row: Row) throws(DecodingFailure) {
        processID = try row.int(0)
        login = try row.optionalText(1)
        application = try row.optionalText(2) ?? ""
        state = try row.optionalText(3)
        kind = try row.optionalText(4)
        queryAge = try row.optionalInt(5).map { .milliseconds($0) }
        age = try row.optionalInt(6).map { .milliseconds($0) }
    }
}

private func seconds(_ duration: Duration) -> String {
    let tenths = duration / .milliseconds(100)
    return "\((tenths.rounded() / 10)) s"
}
