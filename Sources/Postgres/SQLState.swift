/// A five-character SQLSTATE. The first two characters are its class.
package struct SQLState: Hashable, Sendable, RawRepresentable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// A pattern of two characters matches its whole class, `case "40":`; one of five only itself.
    package static func ~= (pattern: SQLState, state: SQLState) -> Bool {
        pattern.rawValue.utf8.count == 2
            ? state.rawValue.hasPrefix(pattern.rawValue) : pattern == state
    }
}

extension SQLState: ExpressibleByStringLiteral, CustomStringConvertible {
    package init(stringLiteral value: String) {
        self.init(rawValue: value)
    }

    package var description: String { rawValue }
}

extension SQLState {
    /// The connection could not be made. PostgreSQL, Appendix A.
    package static let cannotConnect: SQLState = "08001"
    /// The connection is gone; also what stands in when libpq gives no SQLSTATE.
    package static let connectionFailure: SQLState = "08006"
    package static let queryCanceled: SQLState = "57014"
    /// A row is held by somebody else, for longer than `lock_timeout`.
    package static let lockNotAvailable: SQLState = "55P03"
    package static let insufficientPrivilege: SQLState = "42501"
    package static let stalePlan: SQLState = "0A000"
    package static let unknownStatement: SQLState = "26000"
}
