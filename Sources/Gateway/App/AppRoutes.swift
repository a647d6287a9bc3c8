import Countersign
import HTTPService
import Hummingbird
import Postgres

/// The API for apps. The user is the one whom the token names.
struct AppRoutes: Sendable {
    static let root = "/app/v1"

    let verifier: TokenVerifier
    /// Where users and their devices are kept.
    let devices: Devices
    /// Those by whom what is said about an id is judged.
    let judges: @Sendable (Identifier?) -> Devices?

    var all: [Route] {
        [
            Route(.post, "\(Self.root)/enrollments", enroll),
            Route(.get, "\(Self.root)/enrollments", list),
            Route(.delete, "\(Self.root)/enrollments/{enrollment_id}", revoke),
            Route(.post, "\(Self.root)/submissions", submit),
        ]
    }

    @Sendable private func enroll(_ request: IncomingRequest) async throws -> Response {
        let user = try await verifier.user(request)
        let draft: Devices.Draft = try await request.json()
        guard haveSameBytes(draft.user_id ?? user, user) else {
            throw Problem(.forbidden, "wrong_user", "user_id is not the user of the token")
        }
        let enrollment = try await mapped { try await devices.enroll(draft, user: user) }
        guard enrollment.status != "rejected" else {
            throw Problem(
                .badRequest, "enrollment_rejected", enrollment.reason ?? "the enrollment was rejected")
        }
        return .json(enrollment, .created)
    }

    @Sendable private func list(_ request: IncomingRequest) async throws -> Response {
        let user = try await verifier.user(request)
        return .json(["enrollments": try await mapped { try await devices.enrollments(of: user) }])
    }

    @Sendable private func revoke(_ request: IncomingRequest) async throws -> Response {
        let user = try await verifier.user(request)
        let unknown = Problem(
            .notFound, "not_enrolled", "enrollment_id is not that of an enrollment of this user")
        guard let id = Identifier(try request.parameter("enrollment_id")) else { throw unknown }
        LogContext.note("enrollment_id", id.description)
        guard try await mapped({ try await devices.revoke(id, user: user) }) else { throw unknown }
        return .empty(.noContent)
    }

    @Sendable private func submit(_ request: IncomingRequest) async throws -> Response {
        let user = try await verifier.user(request)
        let answer: Devices.Answer = try await request.json()
        let device = Devices.Witness(
            address: request.client?.unmapped.description,
            agent: SignInContext.userAgent(request.headers[.userAgent]))
        let judge = judges(answer.code?.id) ?? devices
        let outcome = try await mapped { try await judge.submit(answer, user: user, on: device) }
        guard let outcome else { throw Self.problem("not_enrolled") }
        if let reason = outcome.reason { throw Self.problem(reason, outcome.detail) }
        return .json(outcome)
    }

    private func mapped<T>(_ body: () async throws -> sending T) async throws -> sending T {
        do {
            return try await body()
        } catch {
            guard let failure = PostgresError(in: error) else { throw error }
            switch failure.state {
            case "CS003": throw Problem.invalidRequest(failure.message)
            case "CS008" where failure.message.contains("limit"):
                throw Self.tooManyEnrollments(failure.message)
            case "CS007", "CS008": throw Problem(.forbidden, "enrollment_disabled", failure.message)
            default: throw error
            }
        }
    }
}

extension AppRoutes {
    static func tooManyEnrollments(_ description: String) -> Problem {
        Problem(.tooManyRequests, "too_many_enrollments", description, [.retryAfter: "3600"])
    }

    /// A code that is unknown, expired, used or another device's is one and the same to the outside, so that
    /// nobody learns by trying which codes exist. What it was is in the database. A device whose clock is wrong is told
    /// the time, which is nobody's secret.
    static func problem(_ reason: String, _ detail: String? = nil) -> Problem {
        switch reason {
        case "unknown_code", "expired", "already_used", "other_device":
            Problem(.badRequest, "invalid_code", "the code is not valid; show a new one")
        case "malformed":
            Problem(.badRequest, reason, detail ?? "a field does not have the form that it must have")
        case "wrong_prompt":
            Problem(.conflict, reason, "prompt_digest is not that of the prompt that was shown")
        case "other_network":
            Problem(
                .forbidden, reason, "the code is shown in another network than the one that this device is in"
            )
        case "other_country":
            Problem(
                .forbidden, reason, "the code is shown in another country than the one that this device is in"
            )
        case "enrollment_held":
            Problem(
                .forbidden, reason,
                "this device waits until an older one of the user confirms it, or its held_until has come")
        case "wrong_channel":
            Problem(.forbidden, reason, "this sign-in is not taken by a link, or by a link alone")
        case "too_many_waiting":
            Problem(
                .tooManyRequests, reason, detail ?? "too many submissions wait to be judged",
                [.retryAfter: "1"])
        case "too_many_malformed":
            Problem(
                .tooManyRequests, reason, detail ?? "too many submissions were malformed",
                [.retryAfter: "600"])
        case "locked_out":
            Problem(.tooManyRequests, reason, "too many wrong codes; try again later", [.retryAfter: "600"])
        case "stale_signature":
            Problem(.forbidden, reason, detail ?? "signed_at is missing, or more than 5 minutes off")
        default: Problem(.forbidden, reason, "this enrollment cannot answer: \(reason)")
        }
    }
}
