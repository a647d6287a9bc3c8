import Administration
import Postgres
import Support
import Testing

/// Whatever operators can change has a place in the file of `countersign config`.
@Suite(.database) struct ConfigColumnTests {
    /// What administrators may write and is no configuration, or is a secret, which no file has.
    private static let others: Set = [
        "settings.only_row", "settings.updated_at", "portals.portal_id", "portals.created_at",
        "portals.over_limit", "portals.channel", "portals.paused_at", "portals.paused_by",
        "portals.signing_secret", "portals.previous_secret", "portals.previous_secret_until",
        "apps.app_id", "apps.created_at", "apps.over_limit", "apps.channel",
        "auth_types.method",  // there is one
        "auth_type_messages.auth_type", "callback_urls.callback_id", "callback_urls.portal_id",
        "callback_urls.password", "browser_origins.portal_id", "portal_credentials.portal_id",
        "portal_credentials.created_at", "portal_credentials.secret_hash", "stage_controls.stage",
        "stage_controls.updated_at", "log_levels.updated_at", "operators.created_at",
        "operators.password_hash", "operators.second_factor", "operators.factor_used",
        "operators.code_tries", "operators.code_tried_at",
    ]
    private static let otherTables: Set = ["server_keys", "workers", "operator_sessions"]

    /// Values that differ from what `arrange` writes, of which one suits the column's checks.
    private func values(_ type: String, _ name: String) -> [String] {
        switch type {
        case "boolean": ["NOT \(name)"]
        case "integer", "smallint", "bigint": ["coalesce(\(name), 0) + 1", "\(name) - 1", "3600"]
        case "bytea": ["'\\x00'"]
        case "text[]": ["'{}'", "'{denied}'"]
        default:
            [
                "'other'", "'tell'", "'always'", "'en'", "'debug'", "'operator'", "'https://other.example'",
                "'[browser]'",
            ]
        }
    }

    private func arrange(_ connection: inout Connection) async throws {
        try await connection.execute(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.portals (portal_id, login, name, display_name, signing_secret)
            VALUES (1, 'acme', 'acme', 'Acme', '');
            INSERT INTO countersign.callback_urls (portal_id, url, username, password)
            VALUES (1, 'https://acme.example/', 'web', '');
            INSERT INTO countersign.browser_origins (portal_id, origin) VALUES (1, 'https://acme.example');
            INSERT INTO countersign.portal_credentials (portal_id, client_id, secret_hash) VALUES (1, 'acme', '');
            INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile');
            DELETE FROM countersign.auth_types;
            INSERT INTO countersign.auth_types (name, allow_link) VALUES ('plain', true);
            INSERT INTO countersign.auth_type_messages VALUES ('plain', 'nl', 'Meld je aan');
            INSERT INTO countersign.log_levels (module, level) VALUES ('all', 'error');
            INSERT INTO countersign.operators (name, role, password_hash) VALUES ('alice', 'viewer', '')
            """)
    }

    @Test func `every column that a command sets has a place in the file`() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        try await arrange(&superuser)
        let columns = try await superuser.execute(
            """
            SELECT c.relname, a.attname, format_type(a.atttypid, NULL)
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
              AND (has_column_privilege(countersign.group_role('admin'), c.oid, a.attnum, 'UPDATE')
                   OR has_column_privilege(countersign.group_role('admin'), c.oid, a.attnum, 'INSERT'))
            ORDER BY c.relname, a.attnum
            """)
        let before = try await ConfigState.read(&superuser)
        var looked = 0
        for column in columns {
            let (table, name) = (try column.text(0), try column.text(1))
            if Self.otherTables.contains(table) || Self.others.contains("\(table).\(name)") { continue }
            looked += 1
            #expect(
                try await isInFile(table, name, values(try column.text(2), name), before, &superuser),
                "\(table).\(name) can be set, and `config export` does not tell it, or no value here suits it"
            )
        }
        #expect(looked > 40)
    }

    private func isInFile(
        _ table: String, _ name: String, _ values: [String], _ before: ConfigState,
        _ connection: inout Connection
    ) async throws -> Bool {
        for value in values {
            try await connection.execute("BEGIN")
            let isChanged =
                try? await connection.execute("UPDATE countersign.\(table) SET \(name) = \(value)")
            let after = isChanged == nil ? before : try await ConfigState.read(&connection)
            try await connection.execute("ROLLBACK")
            if after.tree != before.tree { return true }
        }
        return false
    }
}
