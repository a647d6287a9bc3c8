package import Postgres
import Testing

/// What portals and apps type.
package enum SQL {
    package static let insert = Statement(
        "insert",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, reference)
        VALUES ('qr-code', 'https://acme.example/cb', $1) RETURNING transaction_id
        """)
    package static let await_ = Statement("await_otp", "SELECT countersign.await_otp($1, '10 s')")
    package static let collect = Statement("collect_otp", "SELECT countersign.collect_otp($1)")
    package static let cancel = Statement("cancel", "SELECT countersign.cancel_request($1)")
    package static let status = Statement(
        "status",
        """
        SELECT status::text, is_authenticated, user_id, not_authenticated_reason, valid_until - resolved_at = '300 s'
        FROM countersign.auth_results WHERE transaction_id = $1
        """)
    package static let enroll = Statement(
        "enroll",
        "INSERT INTO countersign.enrollments (user_id, device_id) VALUES ($1, $2) RETURNING enrollment_id")
    package static let enrollment = Statement(
        "enrollment", "SELECT status, reason FROM countersign.enrollment_results WHERE enrollment_id = $1")
    package static let submit = Statement(
        "submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action) VALUES ($1::uuid, $2, $3)
        RETURNING submission_id
        """)
    package static let outcome = Statement(
        "outcome", "SELECT result, reason, prompt FROM countersign.await_submission($1, '10 s')")
    package static let awaitBriefly = Statement(
        "await_otp briefly", "SELECT countersign.await_otp($1, '20 ms')")
    package static let submitText = Statement(
        "submit text",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature)
        VALUES ($1, $2, $3, $4, $5, $6) RETURNING submission_id
        """)
    package static let result = Statement(
        "submission result",
        "SELECT result, reason, prompt FROM countersign.submission_results WHERE submission_id = $1")
    package static let enrollKey = Statement(
        "enroll with key",
        """
        INSERT INTO countersign.enrollments (user_id, device_id, public_key) VALUES ($1, $2, $3)
        RETURNING enrollment_id
        """)
    package static let serverKey = Statement(
        "server key", "SELECT server_public_key FROM countersign.enrollment_results WHERE enrollment_id = $1")
}

extension Connection {
    package mutating func request(_ reference: String = "visit") async throws -> Identifier {
        try await run(SQL.insert, [.text(reference)])[0].identifier(0)
    }

    package mutating func code(_ transaction: Identifier) async throws -> String {
        // Ten seconds is the longest wait of one call, and a machine busy with other tests may need more.
        for _ in 0..<5 where try await status(transaction) == "requested" {
            if let code = try await run(SQL.await_, [.identifier(transaction)])[0].optionalText(0) {
                return code
            }
        }
        return try await run(SQL.await_, [.identifier(transaction)])[0].text(0)
    }

    package mutating func status(_ transaction: Identifier) async throws -> String {
        try await run(SQL.status, [.identifier(transaction)])[0].text(0)
    }

    /// Enrolls and waits until the enrollment is no longer pending.
    package mutating func enroll(_ user: String, _ device: String = "phone") async throws -> Identifier {
        let channel = try await execute("SELECT countersign.app_channel()")[0].text(0)
        try await listen(to: [channel])
        let id = try await run(SQL.enroll, [.text(user), .text(device)])[0].identifier(0)
        while try await run(SQL.enrollment, [.identifier(id)])[0].text(0) == "pending" {
            _ = try await notifications(until: .now + .seconds(2))
        }
        return id
    }

    package mutating func submit(
        _ enrollment: Identifier, _ code: String, _ action: String
    ) async throws -> (result: String, reason: String?, prompt: String?) {
        let id = try await run(SQL.submit, [.identifier(enrollment), .text(code), .text(action)])[0]
            .identifier(0)
        let row = try await outcome(id)
        return (try row.text(0), try row.optionalText(1), try row.optionalText(2))
    }

    /// Result, reason and prompt of a submission once it is judged.
    package mutating func outcome(_ submission: Identifier) async throws -> Row {
        for _ in 0..<5 {
            let row = try await run(SQL.outcome, [.identifier(submission)])[0]
            if try row.text(0) != "pending" { return row }
        }
        return try await run(SQL.outcome, [.identifier(submission)])[0]
    }

    /// Waits until the request is issued, and leaves its code where it is.
    package mutating func waitUntilIssued(_ transaction: Identifier) async throws {
        try await eventually("the request is issued") { try await status(transaction) == "issued" }
    }

    package mutating func collect(_ transaction: Identifier) async throws -> String? {
        try await run(SQL.collect, [.identifier(transaction)])[0].optionalText(0)
    }

    package mutating func cancel(_ transaction: Identifier) async throws -> Bool {
        try await run(SQL.cancel, [.identifier(transaction)])[0].bool(0)
    }

    /// A request that is issued, and its code.
    package mutating func issued() async throws -> (transaction: Identifier, code: String) {
        let transaction = try await request()
        return (transaction, try await code(transaction))
    }
}
