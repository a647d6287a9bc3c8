import Countersign
import Postgres
import Support
import Testing

/// Somebody with the right to make temporary objects makes some that are named like ours, with contents that
/// would make him another. pg_temp is searched even where no path names it.
@Suite(.database) struct ShadowTests {
    /// A session that may make temporary objects, has made one for each of our tables and views, and looks
    /// there first.
    private func shadowed(_ login: TestLogin) async throws -> Connection {
        let database = Database.current
        try await database.arrangeAsSuperuser("GRANT TEMP ON DATABASE \(database.name) TO \(login.name)")
        let tables = """
            SELECT format('CREATE TEMP TABLE %I (%s)', c.relname, string_agg(format('%I %s', a.attname,
                CASE WHEN t.typtype = 'd' THEN 'text' ELSE format_type(a.atttypid, NULL) END), ', '))
            FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
            WHERE c.relnamespace = 'countersign'::regnamespace AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
              AND NOT c.relispartition
            GROUP BY c.oid, c.relname
            """
        var superuser = try await database.connectAsSuperuser()
        var session = try await database.connect(as: login)
        for row in try await superuser.execute(tables) { try await session.execute(try row.text(0)) }
        try await session.execute(
            """
            INSERT INTO settings (mobile_authentication_enabled, enrollment_enabled, signature_required,
                callback_allowlist_enabled) VALUES (true, true, false, false);
            INSERT INTO auth_types (name, method, request_expires_in) VALUES ('forever', 'otp', 86400);
            INSERT INTO auth_type_messages VALUES ('forever', 'en', 'mine');
            SET search_path = pg_temp, countersign, pg_catalog
            """)
        return session
    }

    /// Functions, operators and types of the same names as those that our functions use.
    private func shadowFunctions(_ session: inout Connection, portal: Int32) async throws {
        try await session.execute(
            """
            CREATE FUNCTION pg_temp.current_portal() RETURNS integer LANGUAGE sql AS 'SELECT \(portal)';
            CREATE FUNCTION pg_temp.current_app() RETURNS integer LANGUAGE sql AS 'SELECT \(portal)';
            CREATE FUNCTION pg_temp.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$SELECT 'epoch'::timestamptz$$;
            CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1';
            CREATE FUNCTION pg_temp.refuse(text, text) RETURNS void LANGUAGE sql AS '';
            CREATE FUNCTION pg_temp.always(name, name) RETURNS boolean LANGUAGE sql AS 'SELECT true';
            CREATE FUNCTION pg_temp.always(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT true';
            CREATE OPERATOR pg_temp.= (LEFTARG = name, RIGHTARG = name, FUNCTION = pg_temp.always);
            CREATE OPERATOR pg_temp.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = pg_temp.always);
            CREATE DOMAIN pg_temp.request_status AS text;
            CREATE DOMAIN pg_temp.uuid AS text; CREATE DOMAIN pg_temp.interval AS text;
            CREATE DOMAIN pg_temp.timestamptz AS text
            """)
    }

    @Test func `a portal stays the portal it is`() async throws {
        let mine = try await Site.make("acme")
        let theirs = try await Site.make("other")
        var victim = try await theirs.portal()
        let stolen = try await victim.request()
        var session = try await shadowed(mine.portalLogin)
        try await session.execute(
            """
            INSERT INTO portals (portal_id, login, name, enabled, over_limit, channel)
            VALUES (\(theirs.portalID), '\(mine.portalLogin.name)', 'acme', true, false, 'stolen');
            INSERT INTO callback_urls (portal_id, url) VALUES (\(theirs.portalID), 'https://evil.example/'),
                (\(mine.portalID), 'https://evil.example/');
            INSERT INTO auth_requests (transaction_id, portal_id, status, expires_at)
            VALUES ('\(stolen)', \(mine.portalID), 'issued', 'infinity');
            INSERT INTO otp_secrets (transaction_id, portal_id, secret) VALUES ('\(stolen)', 1, '\\x00')
            """)
        try await shadowFunctions(&session, portal: theirs.portalID)

        let who = try await session.execute("SELECT countersign.current_portal()")[0]
        #expect(try who.int(0) == Int(mine.portalID))
        let channel = "SELECT countersign.portal_channel()"
        #expect(try await session.execute(channel)[0].text(0).hasPrefix("cs_"))
        for call in [SQL.collect, SQL.await_, SQL.cancel] {
            #expect(
                try await session.refusal(of: call, [.identifier(stolen)])?.state == "CS006", "\(call.name)")
        }
        let all =
            "SELECT transaction_id FROM countersign.auth_results UNION ALL "
            + "SELECT transaction_id FROM countersign.auth_requests"
        #expect(try await session.execute(all).isEmpty)
        let insert = "INSERT INTO countersign.auth_requests (auth_type, callback_uri) VALUES"
        let callback = try await session.refusal(of: "\(insert) ('qr-code', 'https://evil.example/')")
        #expect(callback?.state == "CS005")
        let kind = try await session.refusal(of: "\(insert) ('forever', '\(Site.callback)')")
        #expect(kind?.state == "CS002")
        let own = try await session.request()
        #expect(try await session.status(own) == "requested")
        #expect(try await victim.status(stolen) == "requested")
        let stored = try await victim.execute("SELECT transaction_id FROM countersign.auth_results")
        #expect(try stored.map { try $0.identifier(0) } == [stolen])
    }

    @Test func `an app stays the app it is, and its code is not stored`() async throws {
        let mine = try await Site.make("acme")
        let theirs = try await Site.make("other")
        try await Database.current.arrange("UPDATE countersign.apps SET enabled = false")
        var session = try await shadowed(mine.appLogin)
        try await session.execute(
            """
            INSERT INTO apps (app_id, login, name, enabled, channel)
            VALUES (\(theirs.appID), '\(mine.appLogin.name)', 'acme', true, 'stolen')
            """)
        try await shadowFunctions(&session, portal: theirs.appID)
        #expect(try await session.execute("SELECT countersign.current_app()")[0].int(0) == Int(mine.appID))
        #expect(try await session.refusal(of: SQL.enroll, ["alice", "phone"])?.state == "CS008")
        let text = Code.invented()
        let code = try #require(Code(text))
        let values: [Parameter] = [.identifier(.random()), .text(text), "scan"]
        let id = try await session.run(SQL.submit, values)[0].identifier(0)
        let results = try await session.execute("SELECT submission_id FROM countersign.submission_results")
        #expect(try results.map { try $0.identifier(0) } == [id])
        let stored = try await Database.current.everythingStored()
        #expect(stored.contains("\(id)") && code.found(in: stored) == [])
    }
}
