package import Postgres

struct ReadRequest: StatementFamily {
    let id: Identifier
    let isAdmin: Bool

    typealias Output = RequestLife.Request

    static let members = [
        Statement("request.read", read(isWaiting: "false", reference: "NULL::text")),
        Statement("request.read_as_admin", read(isWaiting: waiting, reference: "r.reference")),
    ]
    private static let waiting =
        "EXISTS (SELECT FROM countersign.otp_secrets o WHERE o.transaction_id = r.transaction_id)"
    var statement: Statement { Self.members[isAdmin ? 1 : 0] }

    private static func read(isWaiting: String, reference: String) -> String {
        """
        SELECT r.transaction_id, p.name AS portal, r.auth_type, r.status, r.requested_at, r.issued_at, r.scanned_at,
               r.resolved_at, r.expires_at, r.callback_uri, r.message, \(isWaiting) AS is_waiting,
               \(reference) AS reference, a.name AS app, r.enrollment_id, r.signature_verified
        FROM countersign.auth_requests r
        LEFT JOIN countersign.portals p USING (portal_id) LEFT JOIN countersign.apps a USING (app_id)
        WHERE r.transaction_id = $1::uuid
        """
    }

    var parameters: [Parameter] { [.identifier(id)] }
}

extension RequestLife.Request: RowReadable {
    package init(_ row: inout RowReader) throws {
        id = try row.identifier("transaction_id")
        portal = try row.optionalText("portal")
        type = try row.text("auth_type")
        status = try row.text("status")
        requestedAt = try row.timestamp("requested_at")
        issuedAt = try row.optionalTimestamp("issued_at")
        scannedAt = try row.optionalTimestamp("scanned_at")
        resolvedAt = try row.optionalTimestamp("resolved_at")
        expiresAt = try row.timestamp("expires_at")
        callbackURI = try row.optionalText("callback_uri")
        message = try row.text("message")
        isCodeWaiting = try row.bool("is_waiting")
        reference = try row.optionalText("reference")
        app = try row.optionalText("app")
        enrollmentID = try row.optionalIdentifier("enrollment_id")
        signatureVerified = try row.optionalBool("signature_verified")
    }
}

/// The first 200 that came, by the index of each day: a bound of time would let a server that knows nothing of a new day walk
/// along the submissions of that time instead.
struct FindSubmissions: StatementFamily {
    let id: Identifier
    let isAdmin: Bool

    typealias Output = RequestLife.Submission

    static let members = [
        Statement("request.submissions", find(detail: "NULL::text")),
        Statement("request.submissions_as_admin", find(detail: "s.detail")),
    ]
    var statement: Statement { Self.members[isAdmin ? 1 : 0] }

    private static func find(detail: String) -> String {
        """
        WITH found AS MATERIALIZED (  -- in an order it would walk along the primary key, too
            SELECT s.submission_id, s.app_id, s.action, s.status, s.reason, \(detail) AS detail, s.submitted_at,
                   s.resolved_at, s.enrollment
            FROM countersign.submissions s
            WHERE s.transaction_id = $1::uuid
        )
        SELECT f.submission_id, a.name AS app, f.action, f.status, f.reason, f.detail, f.submitted_at, f.resolved_at,
               f.enrollment
        FROM found f LEFT JOIN countersign.apps a USING (app_id) ORDER BY f.submission_id LIMIT 200
        """
    }

    var parameters: [Parameter] { [.identifier(id)] }
}

extension RequestLife.Submission: RowReadable {
    package init(_ row: inout RowReader) throws {
        id = try row.identifier("submission_id")
        app = try row.optionalText("app")
        action = try row.optionalText("action")
        status = try row.text("status")
        reason = try row.optionalText("reason")
        detail = try row.optionalText("detail")
        submittedAt = try row.timestamp("submitted_at")
        resolvedAt = try row.optionalTimestamp("resolved_at")
        enrollmentID = try row.optionalIdentifier("enrollment")
    }
}

struct ReadDelivery: PreparedStatement {
    let id: Identifier

    typealias Output = RequestLife.Delivery

    static let statement = Statement(
        "request.delivery",
        """
        SELECT d.status, d.created_at, d.finished_at, nullif(q.due_at, countersign.held()) AS due_at
        FROM countersign.webhook_deliveries d LEFT JOIN countersign.dispatch_queue q USING (transaction_id)
        WHERE d.transaction_id = $1::uuid
        """)

    var parameters: [Parameter] { [.identifier(id)] }
}

extension RequestLife.Delivery: RowReadable {
    package init(_ row: inout RowReader) throws {
        status = try row.text("status")
        createdAt = try row.timestamp("created_at")
        finishedAt = try row.optionalTimestamp("finished_at")
        nextAt = try row.optionalTimestamp("due_at")
    }
}

/// Whether the login may read who signed in. A query that names a column fails when it may not.
struct MayReadPeople: PreparedStatement {
    static let statement = Statement(
        "request.permission",
        """
        SELECT has_column_privilege('countersign.auth_requests', 'user_id', 'SELECT')
               AND has_column_privilege('countersign.auth_requests', 'device_id', 'SELECT') AS may_read
        """)

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("may_read") }
}

/// Who signed in; no row unless the request was authenticated.
struct ReadPerson: PreparedStatement {
    let id: Identifier

    static let statement = Statement(
        "request.person",
        """
        SELECT user_id, device_id FROM countersign.auth_requests
        WHERE transaction_id = $1::uuid AND user_id IS NOT NULL
        """)

    var parameters: [Parameter] { [.identifier(id)] }

    static func decode(_ row: inout RowReader) throws -> RequestLife.Person {
        RequestLife.Person(userID: try row.text("user_id"), deviceID: try row.optionalText("device_id"))
    }
}
