import Countersign
import Postgres
import Support

/// A portal, an app, a type and a callback address, with logins of their own, in the current test's database.
struct World {
    static let callback = "https://acme.example/cb"

    let portalLogin: TestLogin
    let appLogin: TestLogin
    let portalID: Int32
    let appID: Int32

    /// `signed`: whether `signature_required` is on. Most of the contract is the same without, and quicker to test.
    static func make(
        _ name: String = "acme", expiresIn: Int = 180, signed: Bool = false
    ) async throws -> World {
        let database = Database.current
        let portal = try await database.makeLogin(name, in: .portal)
        let app = try await database.makeLogin("\(name)app", in: .app)
        var owner = try await database.connect()
        let ids = try await owner.run(
            insert,
            [
                .text(portal.name), .text(name), .text(app.name), .text("\(name)-app"),
                .int32(Int32(expiresIn)), .text(callback), .bool(signed),
            ])
        return World(
            portalLogin: portal, appLogin: app, portalID: Int32(try ids[0].int(0)),
            appID: Int32(try ids[0].int(1)))
    }

    private static let insert = Statement(
        "world",
        """
        WITH portal AS (
            INSERT INTO countersign.portals (login, name, display_name, signing_secret)
            VALUES ($1, $2, upper($2), '\\x00') RETURNING portal_id
        ), app AS (
            INSERT INTO countersign.apps (login, name) VALUES ($3, $4) RETURNING app_id
        ), kind AS (
            INSERT INTO countersign.auth_types (name, request_expires_in) VALUES ('qr-code', $5)
            ON CONFLICT DO NOTHING
        ), message AS (
            INSERT INTO countersign.auth_type_messages VALUES ('qr-code', 'en', 'Sign in') ON CONFLICT DO NOTHING
        ), callback AS (
            INSERT INTO countersign.callback_urls (portal_id, url) SELECT portal_id, $6 FROM portal
        ), signatures AS (
            UPDATE countersign.settings SET signature_required = $7
        )
        SELECT portal_id, app_id FROM portal, app
        """)

    func portal() async throws -> Connection { try await Database.current.connect(as: portalLogin) }
    func app() async throws -> Connection { try await Database.current.connect(as: appLogin) }
}

/// What portals and apps type.
enum SQL {
    static let insert = Statement(
        "insert",
        """
        INSERT INTO countersign.auth_requests (auth_type, callback_uri, reference)
        VALUES ('qr-code', 'https://acme.example/cb', $1) RETURNING transaction_id
        """)
    static let await_ = Statement("await_otp", "SELECT countersign.await_otp($1, '10 s')")
    static let collect = Statement("collect_otp", "SELECT countersign.collect_otp($1)")
    static let cancel = Statement("cancel", "SELECT countersign.cancel_request($1)")
    static let status = Statement(
        "status",
        """
        SELECT status::text, is_authenticated, user_id, not_authenticated_reason, valid_until - resolved_at = '300 s'
        FROM countersign.auth_results WHERE transaction_id = $1
        """)
    static let enroll = Statement(
        "enroll",
        "INSERT INTO countersign.enrollments (user_id, device_id) VALUES ($1, $2) RETURNING enrollment_id")
    static let enrollment = Statement(
        "enrollment", "SELECT status, reason FROM countersign.enrollment_results WHERE enrollment_id = $1")
    static let submit = Statement(
        "submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action) VALUES ($1::uuid, $2, $3)
        RETURNING submission_id
        """)
    static let outcome = Statement(
        "outcome", "SELECT result, reason, prompt FROM countersign.await_submission($1, '10 s')")
}

extension Connection {
    mutating func request(_ reference: String = "visit") async throws -> Identifier {
        try await run(SQL.insert, [.text(reference)])[0].identifier(0)
    }

    mutating func code(_ transaction: Identifier) async throws -> String {
        // Ten seconds is the longest wait of one call, and a machine busy with other tests may need more.
        for _ in 0..<5 where try await status(transaction) == "requested" {
            if let code = try await run(SQL.await_, [.identifier(transaction)])[0].optionalText(0) {
                return code
            }
        }
        return try await run(SQL.await_, [.identifier(transaction)])[0].text(0)
    }

    mutating func status(_ transaction: Identifier) async throws -> String {
        try await run(SQL.status, [.identifier(transaction)])[0].text(0)
    }

    /// Enrolls and waits until the enrollment is no longer pending.
    mutating func enroll(_ user: String, _ device: String = "phone") async throws -> Identifier {
        let channel = try await execute("SELECT countersign.app_channel()")[0].text(0)
        try await listen(to: [channel])
        let id = try await run(SQL.enroll, [.text(user), .text(device)])[0].identifier(0)
        while try await run(SQL.enrollment, [.identifier(id)])[0].text(0) == "pending" {
            _ = try await notifications(until: .now + .seconds(2))
        }
        return id
    }

    mutating func submit(
        _ enrollment: Identifier, _ code: String, _ action: String
    ) async throws -> (result: String, reason: String?, prompt: String?) {
        let id = try await run(SQL.submit, [.identifier(enrollment), .text(code), .text(action)])[0]
            .identifier(0)
        let row = try await outcome(id)
        return (try row.text(0), try row.optionalText(1), try row.optionalText(2))
    }

    /// Result, reason and prompt of a submission once it is judged.
    mutating func outcome(_ submission: Identifier) async throws -> Row {
        for _ in 0..<5 {
            let row = try await run(SQL.outcome, [.identifier(submission)])[0]
            if try row.text(0) != "pending" { return row }
        }
        return try await run(SQL.outcome, [.identifier(submission)])[0]
    }
}
