import Postgres

/// Settings with which a commit is acknowledged before it would outlast a crash or a failover: whoever is told so, an
/// app that its answer counted, a portal that it has the code, may find it undone.
enum LossyCommits {
    static func findings(_ connection: inout Connection) async throws -> [Finding] {
        let found = try await connection.run(FindLossyCommits()).all().map { found in
            Finding(
                "commits", .warning, "\(found.who): synchronous_commit is \(found.value)",
                "What was acknowledged can be lost in a \(found.value == "off" ? "crash" : "failover"): "
                    + "leave it as the server has it.",
                Remedy(found.remedy, by: .superuser))
        }
        return found.isEmpty
            ? [Finding("commits", .ok, "are on the disk before they are acknowledged")] : found
    }
}

/// For this database: of all, of the logins of our groups, and of the server (as this session has it).
struct FindLossyCommits: PreparedStatement {
    struct Output: Sendable {
        let who: String
        let value: String
        /// Statements.
        let remedy: [String]
    }

    static let statement = Statement(
        "doctor.lossy_commits",
        """
        SELECT CASE WHEN s.setrole = 0 THEN 'every login of this database' ELSE 'login ' || r.rolname END AS who,
               split_part(c.setting, '=', 2) AS value,
               ARRAY[CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALTER ROLE ALL RESET synchronous_commit;'
                    WHEN s.setrole = 0 THEN format('ALTER DATABASE %I RESET synchronous_commit;', current_database())
                    WHEN s.setdatabase = 0 THEN format('ALTER ROLE %I RESET synchronous_commit;', r.rolname)
                    ELSE format('ALTER ROLE %I IN DATABASE %I RESET synchronous_commit;', r.rolname, current_database())
               END] AS remedy
        FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) AS c (setting)
        LEFT JOIN pg_roles r ON r.oid = s.setrole
        WHERE c.setting IN ('synchronous_commit=off', 'synchronous_commit=local')
          AND s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
          AND (s.setrole = 0 OR EXISTS (
               SELECT FROM unnest(ARRAY['portal', 'app', 'gateway', 'worker', 'monitor', 'admin']) AS kind
               WHERE pg_has_role(s.setrole, countersign.group_role(kind), 'MEMBER')))
        UNION ALL
        SELECT 'the server', s.setting,
               ARRAY['ALTER SYSTEM RESET synchronous_commit;', 'SELECT pg_reload_conf();']
        FROM pg_settings s
        WHERE s.name = 'synchronous_commit' AND s.setting IN ('off', 'local')
          AND s.source NOT IN ('global', 'database', 'user', 'database user', 'client', 'session')
        ORDER BY 1
        """)

    static func decode(_ row: inout RowReader) throws -> Output {
        Output(who: try row.text("who"), value: try row.text("value"), remedy: try row.texts("remedy"))
    }
}
