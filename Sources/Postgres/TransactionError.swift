/// What went wrong around the body of a transaction. An error of the body itself, once rolled back, is thrown
/// as it is.
package enum TransactionError: Error, Sendable, CustomStringConvertible {
    /// The body has not run.
    case begin(PostgresError)
    /// When `isConnectionLoss`, nobody knows whether the transaction is committed; otherwise it is not.
    case commit(PostgresError)
    /// The body failed, and so did the rollback; the server rolls back when the connection closes.
    case rollback(PostgresError, body: any Error)

    /// The error of the database that this is about.
    package var failure: PostgresError {
        switch self {
        case .begin(let error), .commit(let error), .rollback(let error, _): error
        }
    }

    package var description: String {
        switch self {
        case .begin(let error): "cannot begin a transaction: \(error)"
        case .commit(let error): "cannot commit: \(error)"
        case .rollback(let error, let body): "\(body); cannot roll back: \(error)"
        }
    }
}
