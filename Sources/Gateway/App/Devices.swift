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
    private let gathered: GatheredAnswers
    private let notifications: RowNotifications
    private let journal: Journal?
    /// Those of this process that are in the journal: who revokes one again and again must not fill the disk.
    private let noted = Mutex<Set<Identifier>>([])
    /// How long a verdict is waited for; workers need milliseconds.
    private let patience: Duration
    private let backstop = Duration.seconds(1)
    private let channel = Mutex<(name: String, at: ContinuousClock.Instant)?>(nil)

    init(
        app: String, database: GatewayDatabase, notifications: RowNotifications, journal: Journal?,
        patience: Duration = .seconds(10)
    ) {
        (self.app, self.database, gathered) = (app, database, GatheredAnswers(app, database))
        (self.notifications, self.journal, self.patience) = (notifications, journal, patience)
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
        /// Of a further device that no older one has confirmed yet.
        let held_until: String?
        /// What an older device submits as `otp`, with the action `confirm`.
        let confirmation: String?
    }

    struct Draft: KnownFields, Sendable {
        enum CodingKeys: CodingKey, CaseIterable {
            case user_id, device_id, device_name, platform, public_key
        }

        let user_id: String?
        let device_id: String
        let device_name: String?
        let platform: String?
        let public_key: String?
    }

    /// Enrolls a device and waits until that is decided.
    func enroll(_ draft: Draft, user: String) async throws -> Enrollment {
        let channel = try await appChannel()
        let made = try await database.run(.user(user, app: app), EnrollDevice(draft: draft, user: user))
        guard let id = try made.first() else {
            throw AppRoutes.tooManyEnrollments(
                "this user has enrolled too often within an hour; try again later")
        }
        LogContext.note("enrollment_id", id.description)
        return try await awaited(notifications.wait(for: id, on: channel)) {
            let found = try await self.enrollments(of: user).first { $0.enrollment_id == id.description }
            return found?.status == "pending" ? nil : found
        }
    }

    func enrollments(of user: String) async throws -> [Enrollment] {
        try await database.run(.user(user, app: app), ListEnrollments(user: user)).all()
    }

    /// False when it is none of the user's. Written into the journal before it is answered.
    func revoke(_ id: Identifier, user: String) async throws -> Bool {
        let isRevoked = try await database.run(.user(user, app: app), RevokeEnrollment(id: id, user: user))
            .one()
        if isRevoked { try await note(id) }
        return isRevoked
    }

    private func note(_ id: Identifier) async throws {
        guard let journal, noted.withLock({ !$0.contains(id) }) else { return }
        try await journal.append(revocationOf: id)
        noted.withLock { _ = $0.insert(id) }
    }

    /// Looks until there is something, woken by news. Fails with 503 after the patience.
    private func awaited<T>(_ news: RowWait, _ look: () async throws -> T?) async throws -> T {
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
        guard let name = try await database.run(.app(app), FindAppChannel()).one() else {
            throw Problem.unavailable("temporarily_unavailable", "the app of these tokens is not set up")
        }
        notifications.open(name)
        channel.withLock { $0 = (name, .now) }
        return name
    }
}

/// Answers.
extension Devices {
    struct Answer: KnownFields, Sendable {
        enum CodingKeys: CodingKey, CaseIterable {
            case enrollment_id, otp, action, signed_at, prompt_digest, signature, deny_reason, channel
        }

        let enrollment_id: String
        let otp: String
        let action: String
        let signed_at: String?
        let prompt_digest: String?
        let signature: String?
        /// `not_me`, with `deny`: the user says that it was somebody else.
        var deny_reason: String?
        /// `link` when the code stood in a link with `channel=link`.
        var channel: String?
    }

    /// Who says what with which of his devices.
    struct UserAnswer: Sendable {
        let user: String
        let enrollment: Identifier
        let answer: Answer
        let device: Witness
    }

    /// What the connection tells of a device.
    struct Witness: Sendable {
        let address: String?
        let agent: String?
    }

    struct Outcome: Encodable, Sendable {
        let submission_id: String
        let transaction_id: String?
        let action: String?
        let result: String
        let reason: String?
        let prompt: String?
        /// What to open in the browser.
        let return_uri: String?
        /// What differs, beside the reason; not all of it is for clients.
        let detail: String?

        private enum CodingKeys: CodingKey {
            case submission_id, transaction_id, action, result, reason, prompt, return_uri
        }
    }

    /// Submits what a device of the user says and waits for the verdict; nil when it is none of his devices.
    /// The same answer again, where the first was accepted, gets the outcome of the first.
    func submit(_ answer: Answer, user: String, on device: Witness) async throws -> Outcome? {
        let channel = try await appChannel()
        guard let enrollment = Identifier(answer.enrollment_id) else { return nil }
        LogContext.note("enrollment_id", enrollment.description)
        let said = UserAnswer(user: user, enrollment: enrollment, answer: answer, device: device)
        guard let id = try await gathered.submissions.ask(said, lane: user) else { return nil }
        LogContext.note("submission_id", id.description)
        let outcomes = gathered.outcomes
        let news = notifications.wait(for: id, on: channel, asking: outcomes.coming)
        let outcome = try await awaited(news) { try await outcomes.ask(id, lane: user) }
        if let transaction = outcome.transaction_id { LogContext.note("transaction_id", transaction) }
        let mayRepeat = ["already_used", "expired", "stale_signature"].contains(outcome.reason)
        // Every signature is verified before it is found stale, but one without its time: that proves nothing.
        let isProven = answer.signature == nil || answer.signed_at != nil
        guard mayRepeat, isProven, let earlier = try await repeated(answer, enrollment, user) else {
            return outcome
        }
        return outcome.accepted(prompt: earlier.prompt, returnURI: earlier.returnURI)
    }

    /// What came of the same answer when it was accepted earlier; nil when it was not. The code goes to the database as
    /// its digest only.
    private func repeated(
        _ answer: Answer, _ enrollment: Identifier, _ user: String
    ) async throws -> (prompt: String?, returnURI: String?)? {
        guard let (transaction, secret) = answer.code else { return nil }
        let digest = Array(SHA256.hash(data: Data(secret)))
        let asking = FindRepeatedSubmission(
            enrollment: enrollment, transaction: transaction, digest: digest, action: answer.action,
            signature: answer.signature)
        return try await database.run(.user(user, app: app), asking).first()
    }
}

extension Devices.Answer {
    /// The id that its code begins with, and the secret; nil of what is no code.
    var code: (id: Identifier, secret: ArraySlice<UInt8>)? {
        guard let bytes = base64URLDecoded(otp.utf8), bytes.count == 48,
            let id = Identifier(bytes: bytes.prefix(16))
        else { return nil }
        return (id, bytes.dropFirst(16))
    }
}

extension Devices.Outcome {
    fileprivate func accepted(prompt: String?, returnURI: String?) -> Self {
        Self(
            submission_id: submission_id, transaction_id: transaction_id, action: action, result: "accepted",
            reason: nil, prompt: action == "scan" ? prompt : nil, return_uri: returnURI, detail: nil)
    }
}
