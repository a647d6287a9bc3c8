package import Postgres

/// How many connections the logins of portals and apps may open together, beside what the server has for them. Where it is
/// too few, two careless clients keep everybody else out.
package struct ConnectionBudget: Sendable, Hashable {
    package let allowed: Int
    package let available: Int

    package static func read(_ connection: inout Connection) async throws -> ConnectionBudget {
        let row = try await connection.run(reading)[0]
        return ConnectionBudget(allowed: try row.int(0), available: try row.int(1))
    }

    /// What to tell an operator; nil when there are enough.
    package var warning: String? {
        guard allowed > available else { return nil }
        return "the logins of portals and apps may open \(allowed) connections together, and the server has "
            + "\(available) for all: raise max_connections, lower limits with ALTER ROLE ... CONNECTION LIMIT, or put a "
            + "pooler in front of them"
    }

    /// A login without a limit may take them all.
    package static let reading = Statement(
        "connections.budget",
        """
        SELECT coalesce(sum(CASE WHEN r.rolconnlimit < 0 THEN s.available ELSE r.rolconnlimit END), 0)::bigint,
               max(s.available)
        FROM (SELECT current_setting('max_connections')::bigint
                     - current_setting('superuser_reserved_connections')::bigint AS available) s
        LEFT JOIN pg_roles r ON r.rolname IN (SELECT login FROM countersign.portals
                                              UNION ALL SELECT login FROM countersign.apps)
        """)
}
