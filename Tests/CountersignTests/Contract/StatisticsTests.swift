import Countersign
import Postgres
import Support
import Testing

/// The planner's guesses tell nobody what others have stored.
@Suite(.database) struct StatisticsTests {
    private func guess(_ query: String, _ connection: inout Connection) async throws -> String {
        let plan = try await connection.execute("EXPLAIN \(query)")
        return try plan.map { try $0.text(0) }.joined(separator: "\n").replacing("globex", with: "nobody")
    }

    @Test func `a portal does not learn another's references`() async throws {
        let acme = try await Site.make()
        let globex = try await Site.make("globex")
        var other = try await globex.portal()
        try await other.execute(
            """
            INSERT INTO countersign.auth_requests (auth_type, callback_uri, reference)
            SELECT 'qr-code', '\(Site.callback)', 'globex' FROM generate_series(1, 1500)
            """)
        try await Database.current.arrangeAsSuperuser("ANALYZE")
        var portal = try await acme.portal()
        for source in ["countersign.auth_results", "countersign.auth_requests"] {
            let query = "SELECT transaction_id FROM \(source) WHERE reference ="
            let known = try await guess("\(query) 'globex'", &portal)
            #expect(try await guess("\(query) 'nobody'", &portal) == known)
        }
    }

    @Test func `an app does not learn another's users`() async throws {
        let acme = try await Site.make()
        let globex = try await Site.make("globex")
        try await Database.current.arrangeAsSuperuser(
            """
            INSERT INTO countersign.enrollments (app_id, user_id, device_id, status)
            SELECT \(globex.appID), 'globex', n::text, 'revoked' FROM generate_series(1, 1500) AS n;
            ANALYZE
            """)
        var app = try await acme.app()
        let query = "SELECT enrollment_id FROM countersign.enrollment_results WHERE user_id ="
        let known = try await guess("\(query) 'globex'", &app)
        #expect(try await guess("\(query) 'nobody'", &app) == known)
    }

    /// Those that were made with the schema and those that come later.
    @Test func `no day keeps samples of what identifies somebody`() async throws {
        _ = try await Site.make()
        var owner = try await Database.current.connect()
        try await owner.execute("SELECT countersign.create_partition('auth_requests', current_date + 9)")
        let measured = """
            SELECT DISTINCT a.attname::text FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = 'countersign'::regnamespace
            WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND a.attstattarget IS DISTINCT FROM 0
              AND c.relname ~ '^(auth_requests|submissions|enrollments)'
              AND a.attname IN ('reference', 'user_id', 'device_id', 'ip_address', 'user_agent', 'secret_digest',
                                'signature', 'prompt', 'public_key', 'key_fingerprint', 'message')
            """
        #expect(try await owner.execute(measured).map { try $0.text(0) } == [])
    }
}
