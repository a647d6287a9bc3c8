package import Postgres

extension Connection {
    /// The error with which a statement is refused, nil when it is not. A lost connection is thrown.
    @discardableResult
    package mutating func refusal(
        of statement: Statement, _ parameters: [Parameter] = []
    ) async throws(PostgresError) -> PostgresError? {
        do throws(PostgresError) {
            try await run(statement, parameters)
            return nil
        } catch {
            if error.isConnectionLoss { throw error }
            return error
        }
    }

    /// The same for a script without parameters.
    @discardableResult
    package mutating func refusal(of sql: String) async throws(PostgresError) -> PostgresError? {
        do throws(PostgresError) {
            try await execute(sql)
            return nil
        } catch {
            if error.isConnectionLoss { throw error }
            return error
        }
    }
}

/// insufficient_privilege
package let noPrivilege: SQLState = "42501"
