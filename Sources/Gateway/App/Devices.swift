import Administration
import Countersign
import Crypto
import FoundationEssentials
import HTTPService
import Hummingbird
import Postgres
import Synchronization

/// What the users of one app do: enroll devices and answer with them.
final class Devices: Sendable {
    private let app: String
    private let database: GatewayDatabase
    private let notifications: RowNotifications
    /// How long a verdict is waited for; workers need milliseconds.
    private let patience: Duration
    private let backstop = Duration.seconds(1)
    private let channel = Mutex<(name: String, at: ContinuousClock.Instant)?>(nil)

    init(
        app: String, database: GatewayDatabase, notifications: RowNotifications,
        patience: Duration = .seconds(10)
    ) {
        (self.app, self.database, self.notifications, self.patience) = (
            app, database, notifications, patience
        )
    }

    struct Enrollment: Encodable, Sendable {
        let enrollment_id: String
        let device_id: String
        let device_name: String?
        let platform: String?
        let status: String
        let reason: String?
        let server_public_key: String?
        let created_at: String
    }

    struct Draft: Decodable, Sendable {
        let user_id: String?
        let device_id: String
        let device_name: String?
        let platform: String?
        let public_key: String?
    }

    /// Enrolls a device and waits until that is decided.
    func enroll(_ draft: Draft, user: String) async throws -> Enrollment {
        let channel = try await appChannel()
        let parameters = [user, draft.device_id, draft.device_name, draft.platform, draft.public_key]
        let id = try await database.run(
            .app(app), Step(Self.enroll, parameters.map { Parameter($0) }))[0][0].identifier(0)
        LogContext.note("enrollment_id", id.description)
        return try await awaited(id, on: channel) {
            let found = try await self.enrollments(of: user).first { $0.enrollment_id == id.description }
            return found?.status == "pending" ? nil : found
        }
    }

    func enrollments(of user: String) async throws -> [Enrollment] {
        try await database.run(.app(app), Step(Self.list, [.text(user)]))[0].map { row in
            Enrollment(
                enrollment_id: try row.identifier(0).description, device_id: try row.text(1),
                device_name: try row.optionalText(2), platform: try row.optionalText(3),
                status: try row.text(4), reason: try row.optionalText(5),
                server_public_key: try row.optionalText(6), created_at: try row.timestamp(7).description)
        }
    }

    /// False when it is none of the user's.
    func revoke(_ id: Identifier, user: String) async throws -> Bool {
        try await database.run(.app(app), Step(Self.revoke, [.identifier(id), .text(user)]))[0][0].bool(0)
    }

    /// Looks until there is something, woken by news of that id. Fails with 503 after the patience.
    private func awaited<T>(
        _ id: Identifier, on channel: String, _ look: () async throws -> T?
    ) async throws -> T {
        let news = notifications.wait(for: id, on: channel)
        let deadline = ContinuousClock.now + patience
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            await news.wait(min(backstop, left))
            if let found = try await look() { return found }
            guard left > .zero, !notifications.isClosed else {
                throw Problem.unavailable("temporarily_unavailable", "no answer yet; send the same again")
            }
        }
    }

    /// Kept for a while: an app that is removed and made again has another.
    private func appChannel() async throws -> String {
        if let known = channel.withLock(\.self), known.at.duration(to: .now) < .seconds(10) {
            return known.name
        }
        guard let name = try await database.run(.app(app), Step(Self.appChannel))[0][0].optionalText(0) else {
            throw Problem.unavailable("temporarily_unavailable", "the app of these tokens is not set up")
        }
        notifications.open(name)
        channel.withLock { $0 = (name, .now) }
        return name
    }
}

/// Answers.
extension Devices {
    struct Answer: Decodable, Sendable {
        let enrollment_id: String
        let otp: String
        let action: String
        let signed_at: String?
        let prompt_digest: String?
        let signature: String?
    }

    struct Outcome: Encodable, Sendable {
        let submission_id: String
        let transaction_id: String?
        let action: String?
        let result: String
        let reason: String?
        let prompt: String?
    }

    /// Submits what a device of the user says and waits for the verdict; nil when it is none of his devices.
    /// The same answer again, where the first was accepted, gets the outcome of the first.
    func submit(_ answer: Answer, user: String) async throws -> Outcome? {
        let channel = try await appChannel()
        guard let enrollment = Identifier(answer.enrollment_id) else { return nil }
        LogContext.note("enrollment_id", enrollment.description)
        let given = [
            answer.enrollment_id, answer.otp, answer.action, answer.signed_at, answer.prompt_digest,
            answer.signature,
        ]
        let step = Step(
            Self.submit, given.map { Parameter($0) } + [.identifier(enrollment), .text(user)])
        guard let row = try await database.run(.app(app), step)[0].first else { return nil }
        let id = try row.identifier(0)
        LogContext.note("submission_id", id.description)
        let outcome = try await awaited(id, on: channel) { try await self.outcome(id) }
        if let transaction = outcome.transaction_id { LogContext.note("transaction_id", transaction) }
        let mayRepeat = ["already_used", "expired", "stale_signature"].contains(outcome.reason)
        // Every signature is verified before it is found stale, but one without its time: that proves nothing.
        let isProven = answer.signature == nil || answer.signed_at != nil
        guard mayRepeat, isProven, let earlier = try await repeated(answer, enrollment) else {
            return outcome
        }
        return outcome.accepted(earlier.prompt)
    }

    private struct Earlier {
        /// What the device was shown, if it scanned.
        let prompt: String?
    }

    private func outcome(_ id: Identifier) async throws -> Outcome? {
        guard let row = try await database.run(.app(app), Step(Self.outcome, [.identifier(id)]))[0].first,
            try row.text(2) != "pending"
        else { return nil }
        return Outcome(
            submission_id: id.description, transaction_id: try row.optionalIdentifier(0)?.description,
            action: try row.optionalText(1), result: try row.text(2), reason: try row.optionalText(3),
            prompt: try row.optionalText(4))
    }

    /// The same answer given and accepted earlier. The code goes to the database as its digest only.
    private func repeated(_ answer: Answer, _ enrollment: Identifier) async throws -> Earlier? {
        guard let code = base64URLDecoded(answer.otp), code.count == 48,
            let transaction = Identifier(bytes: code.prefix(16))
        else { return nil }
        let digest = Array(SHA256.hash(data: Data(code.dropFirst(16))))
        let parameters: [Parameter] = [
            .identifier(enrollment), .identifier(transaction), .bytes(digest), .text(answer.action),
            Parameter(answer.signature),
        ]
        let rows = try await database.run(.app(app), Step(Self.repeated, parameters))[0]
        return try rows.first.map { Earlier(prompt: try $0.optionalText(0)) }
    }
}

extension Devices.Outcome {
    fileprivate func accepted(_ prompt: String?) -> Self {
        Self(
            submission_id: submission_id, transaction_id: transaction_id, action: action, result: "accepted",
            reason: nil, prompt: action == "scan" ? prompt : nil)
    }
}

extension Devices {
    static let appChannel = Statement("gateway.app_channel", "SELECT countersign.app_channel()")
    /// $1 user, $2 device, $3 its name, $4 platform, $5 public key.
    static let enroll = Statement(
        "gateway.enroll",
        """
        INSERT INTO countersign.enrollments (user_id, device_id, device_name, platform, public_key)
        VALUES ($1, $2, $3, $4, $5) RETURNING enrollment_id
        """)
    /// $1 user.
    static let list = Statement(
        "gateway.enrollments",
        """
        SELECT enrollment_id, device_id, device_name, platform, status, reason, server_public_key, created_at
        FROM countersign.own_enrollments($1)
        """)
    static let revoke = Statement("gateway.revoke", "SELECT countersign.revoke_own_enrollment($1, $2)")
    /// The columns, then $7 the enrollment's id and $8 the user: no row when it is not the user's.
    static let submit = Statement(
        "gateway.submit",
        """
        INSERT INTO countersign.submissions (enrollment_id, otp, action, signed_at, prompt_digest, signature)
        SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::text
        WHERE EXISTS (SELECT FROM countersign.enrollment_results e WHERE e.enrollment_id = $7 AND e.user_id = $8)
        RETURNING submission_id
        """)
    static let outcome = Statement(
        "gateway.outcome",
        """
        SELECT transaction_id, action, result, reason, prompt FROM countersign.submission_results
        WHERE submission_id = $1
        """)
    /// $1 enrollment, $2 transaction, $3 digest, $4 action, $5 signature.
    static let repeated = Statement(
        "gateway.repeated", "SELECT prompt FROM countersign.repeated_submission($1, $2, $3, $4, $5)")
}
