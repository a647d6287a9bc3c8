import Countersign
import Postgres
import Support
import Testing

/// Rows that come back by `pg_restore --data-only` or by logical replication are not sent now: what was judged and
/// ended stays as it was, and nothing is queued again.
@Suite(.database) struct RestoredRowsTests {
    private static let rows = """
        INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, resolved_at, portal_id,
                                               status, auth_type, method, callback_uri, message)
        SELECT countersign.uuid_v7(), now(), now(), now(), portal_id, 'authenticated', 'qr-code', 'otp',
               'https://acme.example/cb', 'Sign in' FROM countersign.portals;
        INSERT INTO countersign.submissions (submission_id, submitted_at, resolved_at, app_id, status, enrollment_id,
                                             action, transaction_id)
        SELECT countersign.uuid_v7(), now(), now(), app_id, 'accepted', 'e', 'accept', countersign.uuid_v7()
        FROM countersign.apps;
        INSERT INTO countersign.enrollments (app_id, status, user_id, device_id)
        SELECT app_id, status, 'alice', 'phone' FROM countersign.apps, unnest(ARRAY['active', 'revoked']) AS status;
        """

    enum Way: String, CaseIterable {
        case origin, replica
    }

    @Test(arguments: Way.allCases)
    func `what has ended stays as it was`(_ way: Way) async throws {
        _ = try await Site.make()
        let database = Database.current
        try await database.arrange("UPDATE countersign.settings SET enrollment_enabled = false")
        var superuser = try await database.connectAsSuperuser()
        try await superuser.execute("SET session_replication_role = \(way.rawValue)")
        try await superuser.execute(Self.rows)
        let states = """
            SELECT (SELECT string_agg(status, ',') FROM countersign.auth_requests) || ' '
                || (SELECT string_agg(status, ',') FROM countersign.submissions) || ' '
                || (SELECT string_agg(status, ',' ORDER BY status) FROM countersign.enrollments)
            """
        #expect(try await superuser.execute(states)[0].text(0) == "authenticated accepted active,revoked")
        let counts = try await database.rowCounts()
        #expect(counts["issue_queue"] == 0 && counts["validate_queue"] == 0)
    }

    /// What replication brings is no reason to store a code either.
    @Test(arguments: Way.allCases)
    func `a code is stored from nowhere`(_ way: Way) async throws {
        let site = try await Site.make()
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("SET session_replication_role = \(way.rawValue)")
        for status in ["NULL", "'accepted'"] {
            try await superuser.execute(
                """
                INSERT INTO countersign.submissions (app_id, submitted_at, status, otp, action)
                VALUES (\(site.appID), now(), \(status), 'a code', 'scan')
                """)
        }
        let stored = "SELECT count(*) FROM countersign.submissions WHERE otp IS NOT NULL"
        #expect(try await superuser.execute(stored)[0].int(0) == 0)
    }

    /// A portal and an app cannot pass for somebody who restores.
    @Test func `nobody else says what has become of a row`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var app = try await site.app()
        let request =
            "INSERT INTO countersign.auth_requests (auth_type, callback_uri, status) VALUES ('a', 'b', 'c')"
        #expect(try await portal.refusal(of: request)?.state == noPrivilege)
        let submission = "INSERT INTO countersign.submissions (otp, status) VALUES ('a', 'accepted')"
        #expect(try await app.refusal(of: submission)?.state == noPrivilege)
        let enrollment = """
            INSERT INTO countersign.enrollments (user_id, device_id, status) VALUES ('alice', 'phone', 'active')
            """
        #expect(try await app.refusal(of: enrollment)?.state == noPrivilege)
    }
}
