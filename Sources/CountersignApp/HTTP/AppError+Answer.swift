import Foundation

extension AppError {
    /// What an answer that is no success says: `{"error", "error_description"}`.
    init(_ answer: TransportAnswer) {
        struct Problem: Decodable {
            let error: String
            let error_description: String?
        }
        let problem = try? JSONDecoder().decode(Problem.self, from: answer.body)
        let wait = answer.headers["retry-after"].flatMap { Int($0) }
        self =
            switch (answer.status, problem?.error) {
            case (401, _): .signedOut
            case (_, "invalid_code"): .invalidCode
            case (_, "wrong_prompt"): .wrongPrompt
            case (_, "stale_signature"): .wrongClock
            case (_, "invalid_signature"): .invalidSignature
            case (403, let reason?) where Self.enrollmentFaults.contains(reason): .notEnrolled(reason: reason)
            case (403, "enrollment_held"): .held(problem?.error_description ?? "")
            case (403, let reason?): .forbidden("\(reason): \(problem?.error_description ?? "")")
            case (429, let reason): .tooMany(reason: reason ?? "too many requests", retryAfter: wait)
            case (400, "enrollment_rejected"): .rejectedKey(problem?.error_description ?? "")
            case (400, _?): .malformed(problem?.error_description ?? "")
            case (500..., _): .unavailable(retryAfter: wait)
            default: .unexpected(status: answer.status)
            }
    }

    private static let enrollmentFaults = ["not_enrolled", "enrollment_revoked", "enrollment_disabled"]
}
