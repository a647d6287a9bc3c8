import Foundation
import Postgres
import Support
import Testing

/// PostgreSQL's own programs copy the rows of one server into another: what was judged and ended stays as it was, and
/// nothing is queued again.
@Suite struct CopiedDataTests {
    /// A portal, an app with a device, a request and a submission of each kind, and one that waits to be judged.
    private static let rows = """
        INSERT INTO countersign.portals (login, name, display_name, signing_secret)
        VALUES ('postgres', 'acme', 'Acme', '\\x00');
        INSERT INTO countersign.apps (login, name) VALUES ('mobile', 'mobile');
        INSERT INTO countersign.auth_types (name) VALUES ('qr-code');
        INSERT INTO countersign.enrollments (app_id, status, user_id, device_id)
        SELECT app_id, status, 'alice', 'phone' FROM countersign.apps, unnest(ARRAY['active', 'revoked']) AS status;
        INSERT INTO countersign.auth_requests (transaction_id, requested_at, expires_at, resolved_at, portal_id,
                                               status, auth_type, method, callback_uri, message)
        SELECT countersign.uuid_v7(), now(), now(), now(), portal_id, status, 'qr-code', 'otp',
               'https://acme.example/cb', 'Sign in'
        FROM countersign.portals, unnest(ARRAY['authenticated', 'denied', 'expired']) AS status;
        INSERT INTO countersign.submissions (submission_id, submitted_at, resolved_at, app_id, status, reason,
                                             enrollment_id, action, transaction_id)
        SELECT countersign.uuid_v7(), now(), now(), app_id, status,
               CASE status WHEN 'rejected' THEN 'expired' END, 'e', 'accept', countersign.uuid_v7()
        FROM countersign.apps, unnest(ARRAY['accepted', 'rejected']) AS status;
        INSERT INTO countersign.submissions (app_id, enrollment_id, otp, action)
        SELECT app_id, enrollment_id::text, '\(Code.invented())', 'scan' FROM countersign.enrollments
        JOIN countersign.apps USING (app_id) WHERE status = 'active';
        """

    private static let states = """
        SELECT concat_ws(' ',
            (SELECT string_agg(status, ',' ORDER BY status) FROM countersign.auth_requests),
            (SELECT string_agg(status, ',' ORDER BY status) FROM countersign.submissions),
            (SELECT string_agg(status, ',' ORDER BY status) FROM countersign.enrollments),
            (SELECT count(*) FROM countersign.issue_queue), (SELECT count(*) FROM countersign.validate_queue),
            (SELECT count(*) FROM countersign.dispatch_queue))
        """

    private func states(_ server: ScratchServer) async throws -> String {
        var connection = try await Connection.open(server.options)
        return try await connection.execute(Self.states)[0].text(0)
    }

    private static let kept = "authenticated,denied,expired accepted,pending,rejected active,revoked"

    @Test func `pg_restore of data alone leaves everything as it was`() async throws {
        try await ScratchServer.run { source in
            try await source.execute(Self.rows)
            #expect(try await states(source) == "\(Self.kept) 0 1 0")
            try await ScratchServer.run { target in
                try await source.restoreData(into: target)
                #expect(try await states(target) == "\(Self.kept) 0 1 0")
            }
        }
    }

    /// What was there is copied, and what comes then is applied. The queues are not replicated.
    @Test func `a subscription leaves everything as it was`() async throws {
        try await ScratchServer.run(["wal_level = logical"]) { source in
            try await source.execute(Self.rows)
            try await source.execute(
                """
                CREATE PUBLICATION all_rows FOR TABLE countersign.portals, countersign.apps,
                    countersign.enrollments, countersign.auth_requests, countersign.submissions
                    WITH (publish_via_partition_root = true)
                """)
            try await ScratchServer.run { target in
                try await target.execute(
                    """
                    CREATE SUBSCRIPTION all_rows CONNECTION 'host=\(source.folder.path) user=postgres dbname=postgres'
                        PUBLICATION all_rows
                    """)
                try await eventually("what was there is copied") {
                    try await states(target) == "\(Self.kept) 0 0 0"
                }
                try await source.execute(
                    """
                    INSERT INTO countersign.submissions (app_id, enrollment_id, otp, action)
                        SELECT app_id, enrollment_id, '\(Code.invented())', 'scan' FROM countersign.submissions
                        WHERE status = 'pending';
                    UPDATE countersign.submissions SET status = 'accepted', resolved_at = now()
                        WHERE status = 'pending';
                    """)
                let all = Self.kept.replacing("accepted,pending", with: "accepted,accepted,accepted")
                try await eventually("what comes is applied") { try await states(target) == "\(all) 0 0 0" }
                try await target.execute("DROP SUBSCRIPTION all_rows")
            }
        }
    }
}
