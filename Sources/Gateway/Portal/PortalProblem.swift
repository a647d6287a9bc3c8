import HTTPService
import Hummingbird
import Postgres

/// The error codes and statuses of version 4 of the Access API for what the database refuses.
enum PortalProblem {
    static let failedToStart = Problem.unavailable("1002", "the request could not be started; try again")
    static let unknownTransaction = Problem(
        .notFound, "3004", "transaction_id is not that of a request of this portal")

    static func invalidParameter(_ description: String) -> Problem {
        Problem(.badRequest, "1003", description)
    }

    /// - Parameter isEnabled: whether the portal is, as what the database says of a portal that is disabled and
    ///   of one over its limit has the same code. Other errors stay as they are.
    static func from(_ error: any Error, isEnabled: Bool) -> any Error {
        if error is PoolExhausted { return failedToStart }
        guard let failure = PostgresError(in: error) else { return error }
        // The one parameter that Access calls otherwise than the column.
        let description = failure.message.replacing("auth_type", with: "type")
        switch failure.state {
        case "CS001": return Problem(.notFound, "1000", failure.message)
        case "CS002": return Problem(.notFound, "3005", description)
        case "CS003", "CS005": return invalidParameter(description)
        case "CS004": return message(failure)
        case "CS006": return unknownTransaction
        case "CS007": return Problem(.notFound, "1001", failure.message)
        case "CS008" where isEnabled:
            return Problem(.tooManyRequests, "1002", failure.message, [.retryAfter: "5"])
        case "CS008": return Problem(.notFound, "1000", failure.message)
        case "22": return invalidParameter("a parameter holds what cannot be stored, such as a NUL character")
        default: return error
        }
    }

    /// Too long, or none at all.
    private static func message(_ failure: PostgresError) -> Problem {
        failure.message.contains("longer")
            ? Problem(.badRequest, "1005", failure.message) : Problem(.notFound, "1006", failure.message)
    }
}
