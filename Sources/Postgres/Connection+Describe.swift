import Clibpq

/// For the tests, which compare each statement with the schema and with what is made of its rows.
extension Connection {
    /// Prepares the statement under the name `described`, and does not run it. Fails as `run` would when the
    /// statement does not fit the schema.
    package mutating func describe(
        _ statement: Statement
    ) async throws(PostgresError) -> StatementDescription {
        try await thread.exchange { _ throws(PostgresError) in
            true
        } receive: { libpq throws(PostgresError) in
            try libpq.describe(statement)
        }
    }
}

/// What the server says of a prepared statement.
package struct StatementDescription: Sendable {
    package let parameterCount: Int
    package let columns: [ResultColumn]
}

extension LibpqConnection {
    fileprivate func describe(_ statement: Statement) throws(PostgresError) -> StatementDescription {
        guard statement.isSendable else { throw .unsendable(statement) }
        _ = try unsafe check(PQprepare(connection, "described", statement.sql, 0, nil), of: statement)
        return try unsafe check(PQdescribePrepared(connection, "described"), of: statement).description
    }

    private func check(
        _ result: OpaquePointer?, of statement: Statement
    ) throws(PostgresError) -> ServerResult {
        guard let result = unsafe result.map({ unsafe ServerResult($0) }) else { throw lose() }
        if result.status == PGRES_COMMAND_OK { return result }
        guard var error = PostgresError(result) else { throw lose() }
        error.statement = statement.name
        throw error
    }
}

extension ServerResult {
    fileprivate var description: StatementDescription {
        StatementDescription(
            parameterCount: parameterCount,
            columns: (0..<columnCount).map { ResultColumn(name: columnName($0), type: columnType($0)) })
    }
}

/// A column of a statement's result, as the server describes it.
package struct ResultColumn: Sendable, CustomStringConvertible {
    package let name: String
    let type: DataType

    package var isVoid: Bool { type == .void }
    package var description: String { "\(name) (\(type))" }
}

/// A column as a decoder reads it.
package struct ExpectedColumn: Sendable, CustomStringConvertible {
    let name: String
    let kind: ColumnKind

    /// Whether the decoder reads this column from that place.
    package func fits(_ column: ResultColumn) -> Bool { name == column.name && kind.includes(column.type) }

    package var description: String { "\(name) (\(kind))" }
}

/// What a function of `Row` or `RowReader` takes.
enum ColumnKind: String, Sendable {
    case any, text, int, bool, double, bytes, identifier, timestamp
    case texts, ints, doubles, identifiers, timestamps

    func includes(_ type: DataType) -> Bool {
        switch self {
        case .any: true
        case .text: type.isTextual || type == .jsonb
        case .int: [.int2, .int4, .int8, .oid].contains(type)
        case .bool: type == .bool
        case .double: type == .float4 || type == .float8
        case .bytes: type == .bytea
        case .identifier: type == .uuid
        case .timestamp: type == .timestamptz
        case .texts: [.textArray, .varcharArray, .nameArray].contains(type)
        case .ints: [.int2Array, .int4Array, .int8Array].contains(type)
        case .doubles: type == .float8Array
        case .identifiers: type == .uuidArray
        case .timestamps: type == .timestamptzArray
        }
    }
}
