import Countersign
import Postgres

/// Somebody who signs in at a portal.
struct Visit: Sendable {
    let address: String
    /// The portal's own, of its session.
    let reference: String
    var browser: String?

    init(ofClient index: Int) {
        (address, reference) = ("203.0.113.\(index)", "session-\(index)-0123456789abcdef")
    }

    var parameters: [Parameter] { [.text(address), .text(reference)] }
}

struct InsertRequest: PreparedStatement {
    let visit: Visit

    static let statement = Statement("request", insertion(into: "countersign.auth_requests"))

    /// $1 address, $2 reference, $3 browser.
    static func insertion(into table: String, returning columns: String = "transaction_id, expires_at")
        -> String
    {
        """
        INSERT INTO \(table) (auth_type, callback_uri, ip_address, reference, user_agent)
        VALUES ('\(Installation.authType)', '\(Installation.callback)', $1, $2, $3) RETURNING \(columns)
        """
    }

    var parameters: [Parameter] { visit.parameters + [.optional(visit.browser)] }

    static func decode(_ row: inout RowReader) throws -> Identifier {
        let id = try row.identifier("transaction_id")
        try row.skip("expires_at")
        return id
    }
}

/// What that row becomes, in a plain table.
struct InsertPlainRequest: PreparedStatement {
    let visit: Visit
    let portalID: Int32

    static let statement = Statement("plain request", insertion(into: "bench.plain_requests"))
    var parameters: [Parameter] { visit.parameters + [.int32(portalID)] }

    /// $1 address, $2 reference, $3 portal. `id` is SQL.
    static func insertion(into table: String, id: String = "gen_random_uuid()") -> String {
        """
        INSERT INTO \(table) (transaction_id, requested_at, expires_at, open_until, portal_id, status,
                                          auth_type, method, callback_uri, message, ip_address, reference)
        VALUES (\(id), now(), now() + interval '600 s', now() + interval '600 s', $3, 'requested',
                '\(Installation.authType)', 'otp', '\(Installation.callback)', 'Sign in', $1, $2)
        RETURNING transaction_id, expires_at
        """
    }

    static func decode(_ row: inout RowReader) throws -> Identifier { try InsertRequest.decode(&row) }
}

/// The code; it waits for it.
struct AwaitCode: PreparedStatement {
    let request: Identifier

    static let statement = Statement("await code", "SELECT countersign.await_otp($1, '10 s') AS code")
    var parameters: [Parameter] { [.identifier(request)] }

    static func decode(_ row: inout RowReader) throws -> String { try row.text("code") }
}

struct InsertEnrollment: PreparedStatement {
    let user: String
    let device: String
    let publicKey: String?

    static let statement = Statement(
        "enroll",
        """
        INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ($1, $2, $3)
        RETURNING enrollment_id
        """)
    var parameters: [Parameter] { [.text(user), .text(device), .optional(publicKey)] }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("enrollment_id") }
}

struct IsEnrollmentPending: PreparedStatement {
    let enrollment: Identifier

    static let statement = Statement(
        "is pending",
        """
        SELECT status = 'pending' AS is_pending FROM countersign.enrollment_results WHERE enrollment_id = $1
        """)
    var parameters: [Parameter] { [.identifier(enrollment)] }

    static func decode(_ row: inout RowReader) throws -> Bool { try row.bool("is_pending") }
}

struct InsertSubmission: PreparedStatement {
    let submission: Submission
    /// The device's.
    var address: String?

    static let statement = Statement(
        "submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature,
                                             ip_address)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING submission_id
        """)
    var parameters: [Parameter] {
        [
            .text(submission.enrollment), .text(submission.code), .text(submission.action.rawValue),
            .optional(submission.signedAt), .optional(submission.promptDigest),
            .optional(submission.signature), .optional(address),
        ]
    }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("submission_id") }
}

/// What that row becomes, in a plain table.
struct InsertPlainSubmission: PreparedStatement {
    let enrollment: String

    static let statement = Statement(
        "plain submission",
        insertion(into: "bench.plain_submissions", for: "'00000000-0000-7000-8000-000000000000'"))
    var parameters: [Parameter] { [.text(enrollment)] }

    /// $1 enrollment. `id` and `request` are SQL.
    static func insertion(into table: String, id: String = "gen_random_uuid()", for request: String) -> String
    {
        """
        INSERT INTO \(table) (submission_id, submitted_at, app_id, status, enrollment_id, action,
                                             transaction_id, secret_digest, enrollment)
        VALUES (\(id), now(), 1, 'pending', $1, 'accept', \(request),
                '\\x00000000000000000000000000000000000000000000000000000000000000', $1::text::uuid)
        RETURNING submission_id
        """
    }

    static func decode(_ row: inout RowReader) throws -> Identifier { try row.identifier("submission_id") }
}

/// The verdict; it waits for it.
struct AwaitAnswer: PreparedStatement {
    let submission: Identifier

    static let statement = Statement(
        "await answer", "SELECT result, reason, prompt FROM countersign.await_submission($1, '10 s')")
    var parameters: [Parameter] { [.identifier(submission)] }

    static func decode(_ row: inout RowReader) throws -> (result: String, reason: String?, prompt: String?) {
        (try row.text("result"), try row.optionalText("reason"), try row.optionalText("prompt"))
    }
}

extension Parameter {
    fileprivate static func optional(_ text: String?) -> Parameter { text.map(Parameter.text) ?? .null }
}
