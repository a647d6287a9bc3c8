/// What the server or libpq refused. Holds no parameter, no connection string, no password.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    package var state: SQLState
    /// The primary message, on one line.
    package var message: String
    /// Nil for the classes 22, 23 and 44, where it holds values of the row or the parameter.
    package var detail: String?
    package var hint: String?
    package var constraint: String?
    /// The name of the statement that failed.
    package var statement: String?

    package init(
        _ state: SQLState, _ message: String, detail: String? = nil, hint: String? = nil,
        constraint: String? = nil, statement: Statement? = nil
    ) {
        self.state = state
        self.message = oneLine(message)
        self.detail = detail.map(oneLine)
        self.hint = hint.map(oneLine)
        self.constraint = constraint
        self.statement = statement?.name
    }

    /// The connection is gone, or could not be made: open another. Whether the server did what was sent last
    /// is unknown. Class 08, an administrator or a crash (57P01 to 57P03), a dropped database or an idle
    /// limit, which also end the session (57P04, 57P05, 25P03).
    package var isConnectionLoss: Bool {
        switch state {
        case "08", "57P01", "57P02", "57P03", "57P04", "57P05", "25P03": true
        default: false
        }
    }

    /// Nothing can be written in this session, and nothing ever will be: it is one with a standby, perhaps since a
    /// failover, or began while the database was read-only.
    package var isReadOnlySession: Bool { state == "25006" }

    /// Class 40: the server has rolled the transaction back, and it may succeed as a whole when run again.
    package var isRetryable: Bool { "40" ~= state }

    package var description: String {
        let name = statement.map { "\($0): " } ?? ""
        let explanation = [detail, hint].compactMap(\.self).map { " (\($0))" }.joined()
        return "\(name)\(message)\(explanation) [\(state)]"
    }

    /// The database error inside an error of a transaction, or the error itself.
    package init?(in error: any Error) {
        switch error {
        case let error as PostgresError: self = error
        case let error as TransactionError: self = error.failure
        default: return nil
        }
    }
}

extension PostgresError {
    /// An error that libpq itself reports, with the text of `PQerrorMessage`.
    init(libpq text: String, _ state: SQLState = .connectionFailure) {
        self.init(state, text.isEmpty ? "the connection to the server is lost" : text)
    }

    static let cancelledOpening = PostgresError(.queryCanceled, "opening the connection was cancelled")

    /// libpq would wait for data that nobody sends, or nobody reads: the connection cannot go on.
    static let copyRefused = PostgresError("0A000", "COPY cannot be used here")

    static func unsendable(_ statement: Statement) -> PostgresError {
        PostgresError("22021", "the SQL holds a NUL byte", statement: statement)
    }

    static func tooManyParameters(_ statement: Statement) -> PostgresError {
        PostgresError("54011", "more than 65,535 parameters: use arrays", statement: statement)
    }

    static func tooLong(_ statement: Statement) -> PostgresError {
        PostgresError("54000", "parameters of more than 1 GiB", statement: statement)
    }

    static func unstorable(_ parameter: Parameter, number: Int, of statement: Statement) -> PostgresError {
        switch parameter {
        case .text, .texts:
            PostgresError("22021", "parameter $\(number) holds a NUL byte", statement: statement)
        default:
            PostgresError("22008", "parameter $\(number) is a time out of range", statement: statement)
        }
    }
}

/// Messages of libpq are several lines with a newline at the end; a log wants one.
private func oneLine(_ text: String) -> String {
    text.split { $0.isNewline || $0 == "\t" }.joined(separator: " ")
}
