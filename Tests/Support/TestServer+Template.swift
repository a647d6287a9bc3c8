import Countersign
import Postgres

/// The database that migrated ones are copied from, kept from one run to the next.
extension TestServer {
    /// The same in every process, and known to superusers only.
    static func ownerPassword(_ connection: inout Connection) async throws -> String {
        let sql = """
            SELECT encode(sha256(convert_to(system_identifier || coalesce(rolpassword, ''), 'UTF8')), 'hex')
            FROM pg_authid, pg_control_system() WHERE rolname = current_user
            """
        return try await connection.execute(sql)[0].text(0)
    }

    /// Named after its migrations and the day, because they make the partitions of the next days.
    static func templateName(_ connection: inout Connection) async throws -> String {
        let sql = "SELECT encode(sha256($1 || convert_to(current_date::text, 'UTF8')), 'hex')"
        let files = Parameter.bytes(embeddedMigrations.flatMap { Array($0.text.utf8) })
        let hash = try await connection.run(Statement("template name", sql), [files])[0].text(0)
        return "countersign_template_\(hash.prefix(16))"
    }

    func prepare(_ connection: inout Connection) async throws {
        // Of several test processes one does it. The lock goes with the connection.
        try await connection.execute(
            "SET statement_timeout = 0; SELECT pg_advisory_lock(7166191731551134069)")
        try await connection.execute(
            """
            DO $$ BEGIN
                IF to_regrole('\(owner)') IS NULL THEN CREATE ROLE \(owner); END IF;
            END $$;
            ALTER ROLE \(owner) LOGIN CREATEROLE PASSWORD '\(ownerPassword)'
            """)
        try await sweep(&connection)
        let state = try await connection.execute(
            "SELECT datistemplate FROM pg_database WHERE datname = '\(template)'")
        guard try state.isEmpty || !state[0].bool(0) else { return }
        try await makeTemplate(&connection)
    }

    private func makeTemplate(_ connection: inout Connection) async throws {
        try await connection.execute("DROP DATABASE IF EXISTS \(template) WITH (FORCE)")
        try await createDatabase(template, isMigrated: false, &connection)
        let migrator = try Program.migrator()
        var own = try await Connection.open(connectionOptions(ownerURL(database: template)))
        try await migrator.up(&own)
        // Nobody can copy a database that somebody is connected to: from now on nobody is. It is complete
        // when it says that it is a template.
        try await connection.execute("ALTER DATABASE \(template) ALLOW_CONNECTIONS false")
        try await connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '\(template)'")
        try await connection.execute("ALTER DATABASE \(template) IS_TEMPLATE true")
    }

    /// Drops what killed runs have left: databases of yesterday and before, and logins without a database.
    private func sweep(_ connection: inout Connection) async throws {
        let databases = """
            SELECT datname FROM pg_database WHERE datname ~ '^countersign_(test_cst|template_)[0-9a-f]+$'
            AND (pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification < now() - interval '1 day'
            """
        for name in try await connection.execute(databases).map({ try $0.text(0) }) {
            try await connection.execute("ALTER DATABASE \(name) IS_TEMPLATE false")
            try await connection.execute("DROP DATABASE \(name) WITH (FORCE)")
        }
        let logins = """
            SELECT quote_ident(rolname) FROM pg_roles WHERE rolname ~ '_cst[0-9a-f]{12}$' AND NOT EXISTS
                (SELECT FROM pg_database WHERE datname = 'countersign_test_' || right(rolname, 15))
            """
        for name in try await connection.execute(logins).map({ try $0.text(0) }) {
            try await connection.execute("DROP ROLE IF EXISTS \(name)")
        }
    }
}
