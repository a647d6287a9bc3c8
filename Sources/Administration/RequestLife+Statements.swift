package import Postgres

/// All with $1 the transaction id.
extension RequestLife {
    package static let requests = Statement(
        "request.read",
        """
        SELECT r.transaction_id, p.name, r.auth_type, r.status, r.requested_at, r.issued_at, r.scanned_at,
               r.resolved_at, r.expires_at, r.callback_uri, r.message, a.name, r.enrollment_id,
               r.signature_verified
        FROM countersign.auth_requests r
        LEFT JOIN countersign.portals p USING (portal_id) LEFT JOIN countersign.apps a USING (app_id)
        WHERE r.transaction_id = $1::uuid
        """)

    /// Submissions have no index on transaction_id, which every insert would pay for. Their ids are in the
    /// order of time, so the request's own time bounds what is read.
    package static let submissions = Statement(
        "request.submissions",
        """
        SELECT s.submission_id, a.name, s.action, s.status, s.reason, s.submitted_at, s.resolved_at, s.enrollment
        FROM countersign.submissions s LEFT JOIN countersign.apps a USING (app_id)
        WHERE s.transaction_id = $1::uuid
          AND s.submission_id >= (SELECT countersign.uuid_floor(r.requested_at)
                                  FROM countersign.auth_requests r WHERE r.transaction_id = $1::uuid)
          AND s.submission_id < (SELECT countersign.uuid_floor(r.expires_at + interval '15 minutes')
                                 FROM countersign.auth_requests r WHERE r.transaction_id = $1::uuid)
        ORDER BY s.submission_id
        """)

    package static let deliveries = Statement(
        "request.delivery",
        """
        SELECT d.status, d.created_at, d.finished_at, q.due_at
        FROM countersign.webhook_deliveries d LEFT JOIN countersign.dispatch_queue q USING (transaction_id)
        WHERE d.transaction_id = $1::uuid
        """)

    package static let attempts = Statement(
        "request.attempts",
        """
        SELECT attempt, started_at, duration_ms, status_code, error_class
        FROM countersign.webhook_attempts WHERE transaction_id = $1::uuid ORDER BY attempt
        """)

    /// No parameter. A query that names a column fails when the login may not read it.
    package static let permission = Statement(
        "request.permission",
        """
        SELECT has_column_privilege('countersign.auth_requests', 'user_id', 'SELECT')
               AND has_column_privilege('countersign.auth_requests', 'device_id', 'SELECT')
        """)

    package static let people = Statement(
        "request.person",
        """
        SELECT user_id, device_id FROM countersign.auth_requests
        WHERE transaction_id = $1::uuid AND user_id IS NOT NULL
        """)
}
