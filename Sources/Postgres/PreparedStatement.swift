/// One SQL statement: its text, its parameters and how a row of its result is read, all in one type.
///
/// ```swift
/// /// The portals that may not ask for codes now.
/// struct FindPausedPortals: PreparedStatement {
///     let app: Int32  // a property for each parameter
///
///     static let statement = Statement(
///         "portal.find_paused", "SELECT portal_id, name FROM countersign.portals WHERE app_id = $1 AND paused")
///     var parameters: [Parameter] { [.int32(app)] }
///
///     /// Each column once, in the order of the SQL, by the name it has there.
///     static func decode(_ row: inout RowReader) throws -> PausedPortal {
///         PausedPortal(id: try row.int("portal_id"), name: try row.text("name"))
///     }
/// }
///
/// let portals = try await connection.run(FindPausedPortals(app: 7)).all()
/// ```
///
/// Without parameters leave `parameters` out, without columns `decode`; a type that reads itself by
/// `init(_ row: inout RowReader)` is `RowReadable`, and `typealias Output = ThatType` stands for `decode`. Columns are
/// read by position, and their names cost nothing at run time: the module's test prepares every statement of the
/// module's list, such as `EngineStatements.all`, and compares names, order and types with what `decode` reads.
/// A statement in no list fails that test. `decode` reads every column before it looks at any value, so that the
/// position never depends on a value.
package protocol PreparedStatement: StatementFamily {
    /// Noun and verb, and the SQL; stored, because the name on the server is a hash of both.
    static var statement: Statement { get }
}

extension PreparedStatement {
    package var statement: Statement { Self.statement }
    package static var members: [Statement] { [statement] }
}

/// Statements that share parameters and columns, and differ in what cannot be a parameter, such as the name of a table.
package protocol StatementFamily: Sendable {
    /// What one row is read as; `Void` for statements that return no columns, or one of type void.
    associatedtype Output = Void

    /// All that `statement` may be: what the tests prepare.
    static var members: [Statement] { get }
    /// Computed once for each member, and stored: making one takes a hash of the whole text.
    var statement: Statement { get }
    var parameters: [Parameter] { get }
    static func decode(_ row: inout RowReader) throws -> Output
}

extension StatementFamily {
    package var parameters: [Parameter] { [] }
}

extension StatementFamily where Output == Void {
    package static func decode(_ row: inout RowReader) throws {}
}

/// A type that reads itself from a row: `Output` of statements that need no `decode` then.
package protocol RowReadable {
    init(_ row: inout RowReader) throws
}

extension StatementFamily where Output: RowReadable {
    package static func decode(_ row: inout RowReader) throws -> Output { try Output(&row) }
}

/// What a statement has returned; rows are decoded when asked.
package struct StatementResult<S: StatementFamily>: Sendable {
    private let rows: Rows

    /// From the rows that `S` has returned in a pipeline.
    package init(_ rows: Rows) {
        self.rows = rows
    }

    /// How many rows were returned.
    package var count: Int { rows.count }

    /// How many rows were inserted, updated, deleted or returned.
    package var affected: Int { rows.affected }

    package func all() throws -> [S.Output] { try rows.map(Self.decode) }

    /// Reads only the first columns of each row, also when `decode` would fail on the others.
    package func beginnings<T>(_ read: (inout RowReader) throws -> T) throws -> [T] {
        try rows.map { row in
            var reader = RowReader(row)
            return try read(&reader)
        }
    }

    /// Nil when no row was returned.
    package func first() throws -> S.Output? { try rows.first.map(Self.decode) }

    /// Of a statement that always returns a row.
    package func one() throws -> S.Output {
        guard let output = try first() else {
            throw DecodingFailure(column: "the result", found: "empty", wanted: "a row")
        }
        return output
    }

    private static func decode(_ row: Row) throws -> S.Output {
        var reader = RowReader(row)
        return try S.decode(&reader)
    }
}

extension Connection {
    /// Runs one statement, prepared on its first use in the same round trip.
    @discardableResult
    package mutating func run<S: StatementFamily>(
        _ statement: S
    ) async throws(PostgresError) -> StatementResult<S> {
        StatementResult(try await run(statement.statement, statement.parameters))
    }

    /// Runs the statements in one round trip, after the steps of `prelude`, as one transaction unless one is open. Results
    /// stand in the order of the statements. Throws the first failure. None may begin or end a transaction but for
    /// those that do nothing else. `limit` is that of the other `pipeline`.
    @discardableResult
    package mutating func pipeline<each S: StatementFamily>(
        after prelude: [Step] = [], within limit: Duration? = nil, _ statements: repeat each S
    ) async throws(PostgresError) -> (prelude: [Rows], results: (repeat StatementResult<each S>)) {
        var steps = prelude
        repeat steps.append(Step(each statements))
        let rows = try await pipeline(steps, within: limit)
        var next = prelude.count
        func take<T>(_: T) -> StatementResult<T> {
            defer { next += 1 }
            return StatementResult(rows[next])
        }
        return (Array(rows.prefix(prelude.count)), (repeat take(each statements)))
    }
}

extension Step {
    package init(_ statement: some StatementFamily) {
        self.init(statement.statement, statement.parameters)
    }
}
