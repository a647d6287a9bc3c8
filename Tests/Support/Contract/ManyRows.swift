import Foundation
package import Postgres
import Testing

/// Rows that the statements are about, one of each kind, in tables with many others.
package struct CostSubjects: Sendable {
    /// Requests: in the queue for codes; issued and open; and an open one that has no submission.
    package let queued, issued, lonely: Identifier
    /// A pending submission for the issued request, and the enrollment that sent it.
    package let submission, enrollment: Identifier
    package let pendingEnrollment: Identifier
    package let portal, app: Int
}

extension CostSubjects {
    /// None of them is there. They are of today, as those are that statements are planned for.
    package static func strangers(_ site: Site) -> CostSubjects {
        CostSubjects(
            queued: ofNow(), issued: ofNow(), lonely: ofNow(), submission: ofNow(),
            enrollment: .random(), pendingEnrollment: .random(), portal: Int(site.portalID),
            app: Int(site.appID))
    }

    /// RFC 9562 section 5.7: the first 48 bits of a UUID of version 7 are the time in milliseconds.
    private static func ofNow() -> Identifier {
        let milliseconds = UInt64(Date.now.timeIntervalSince1970 * 1_000)
        let time = (0..<6).map { UInt8(truncatingIfNeeded: milliseconds >> (40 - 8 * $0)) }
        return Identifier(bytes: time + Identifier.random().bytes.dropFirst(6)) ?? .random()
    }
}

/// Tables of a site that hold many rows.
extension Site {
    /// Rows of each kind.
    package static let many = 30_000

    /// Half of them wait.
    package func enrollMany() async throws {
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.enrollments (app_id, user_id, device_id, status)
            SELECT \(appID), 'user-' || n, 'phone', 'active' FROM generate_series(1, \(Self.many)) AS n;
            INSERT INTO countersign.enrollments (app_id, user_id, device_id)
            SELECT \(appID), 'new-' || n, 'phone' FROM generate_series(1, \(Self.many)) AS n
            """)
    }

    /// Without triggers, and with nobody who would analyse it. Half of the requests wait for a code, the others have one
    /// that nobody has collected, and a submission.
    package func fillTables(isDue: Bool) async throws {
        let due = isDue ? "now() - interval '1 s'" : "now() + interval '100 s'"
        try await Database.current.arrangeAsSuperuser(
            """
            SET session_replication_role = replica;
            INSERT INTO countersign.auth_requests (requested_at, expires_at, open_until, portal_id, status, auth_type,
                                                   method, callback_uri, message, secret_digest, reference)
            SELECT now(), \(due), \(due), \(portalID), CASE n % 2 WHEN 0 THEN 'requested' ELSE 'issued' END,
                   'qr-code', 'otp', '\(Self.callback)', 'Sign in', sha256('a'), 'visit-' || n
            FROM generate_series(1, \(2 * Self.many)) AS n;
            INSERT INTO countersign.issue_queue (portal_id, transaction_id)
            SELECT portal_id, transaction_id FROM countersign.auth_requests WHERE status = 'requested';
            INSERT INTO countersign.otp_secrets (transaction_id, expires_at, portal_id, secret)
            SELECT transaction_id, expires_at, portal_id, sha256('a') FROM countersign.auth_requests
            WHERE status = 'issued';
            INSERT INTO countersign.submissions (submitted_at, app_id, status, enrollment_id, enrollment, action,
                                                 transaction_id, secret_digest)
            SELECT now(), \(appID), 'pending', e.enrollment_id::text, e.enrollment_id, 'scan', r.transaction_id,
                   sha256('a')
            FROM (SELECT *, row_number() OVER () AS n FROM countersign.auth_requests WHERE status = 'issued') AS r
            JOIN (SELECT *, row_number() OVER () AS n FROM countersign.enrollments WHERE status = 'active') AS e
                ON e.n = r.n WHERE r.n < \(Self.many);
            INSERT INTO countersign.validate_queue (app_id, submission_id, enrollment_id)
            SELECT app_id, submission_id, enrollment FROM countersign.submissions
            """)
    }

    /// Some of those.
    package func subjects() async throws -> CostSubjects {
        var superuser = try await Database.current.connectAsSuperuser()
        try await superuser.execute("SET enable_nestloop = off")  // statistics are wrong here, too
        let row = try await superuser.execute(
            """
            SELECT (SELECT transaction_id FROM countersign.issue_queue OFFSET 20000 LIMIT 1)::text, s.transaction_id::text,
                   (SELECT transaction_id FROM countersign.auth_requests r WHERE status = 'issued' AND NOT EXISTS (
                       SELECT FROM countersign.submissions s WHERE s.transaction_id = r.transaction_id) LIMIT 1)::text,
                   s.submission_id::text, s.enrollment::text,
                   (SELECT enrollment_id FROM countersign.enrollments WHERE status = 'pending' OFFSET 20000 LIMIT 1)::text
            FROM countersign.submissions s OFFSET 20000 LIMIT 1
            """)[0]
        func id(_ column: Int) throws -> Identifier { try #require(Identifier(try row.text(column))) }
        return CostSubjects(
            queued: try id(0), issued: try id(1), lonely: try id(2), submission: try id(3),
            enrollment: try id(4),
            pendingEnrollment: try id(5), portal: Int(portalID), app: Int(appID))
    }
}
