import Hummingbird
package import Logging
import NIOHTTP1
import Postgres

extension Problem {
    /// What a client may know of an error. What it may not is in the log.
    package init(_ error: any Error, _ logger: Logger) {
        switch error {
        case let problem as Problem: self = problem
        case is PoolExhausted:
            self = .unavailable("temporarily_unavailable", "too much is going on; try again")
        case is HTTPParserError:
            self = Problem(
                .badRequest, "invalid_request", "the body is not HTTP (RFC 9112 section 7)",
                [.connection: "close"])
        case let error as HTTPError where error.status == .notFound: self = .notFound
        default:
            let failure = PostgresError(in: error)
            if let failure, failure.state.rawValue.hasPrefix("22") {
                self = .invalidRequest("a text holds what cannot be stored, such as a NUL character")
                return
            }
            if failure?.state == .lockNotAvailable {
                self = .held
                return
            }
            logger.error(
                "request failed", metadata: ["error": "\(failure.map { "\($0)" } ?? "\(type(of: error))")"])
            self =
                failure == nil
                ? Problem(
                    .internalServerError, "server_error",
                    "something went wrong; the log has the request's id")
                : .unavailable("temporarily_unavailable", "the database did not answer; try again")
        }
    }
}
