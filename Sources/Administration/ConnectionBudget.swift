package import Postgres

/// How many connections the logins of portals and apps may open together, beside what the server has for them. Where it is
/// too few, two careless clients keep everybody else out.
package struct ConnectionBudget: Sendable, Hashable {
    package let allowed: Int
    package let available: Int

    package static func read(_ connection: inout Connection) async throws -> ConnectionBudget {
        try await connection.run(ReadConnectionBudget()).one()
    }

    /// What to tell an operator; nil when there are enough.
    package var warning: String? {
        guard allowed > available else { return nil }
        return "the logins of portals and apps may open \(allowed) connections together, and the server has "
            + "\(available) for all: raise max_connections, lower limits with ALTER ROLE ... CONNECTION LIMIT, or put a "
            + "pooler in front of them"
    }
}

/// A login without a limit may take them all.
struct ReadConnectionBudget: PreparedStatement {
    static let statement = Statement(
        "connections.budget",
        """
        SELECT coalesce(sum(CASE WHEN r.rolconnlimit < 0 THEN s.available ELSE r.rolconnlimit END), 0)::bigint AS allowed,
               max(s.available) AS available
        FROM (SELECT current_setting('max_connections')::bigint
                     - current_setting('superuser_reserved_connections')::bigint
                     - coalesce(current_setting('reserved_connections', true)::bigint, 0) AS available) s
        LEFT JOIN pg_roles r ON r.rolname IN (SELECT login FROM countersign.portals
                                              UNION ALL SELECT login FROM countersign.apps)
        """)

    static func decode(_ row: inout RowReader) throws -> ConnectionBudget {
        ConnectionBudget(allowed: try row.int("allowed"), available: try row.int("available"))
    }
}
