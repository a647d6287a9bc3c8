import Operations
import Postgres
import Support
import Testing

/// Every statement of the console is checked against the migrated schema.
@Suite(.database) struct StatementTests {
    @Test func `every statement fits the schema, with the rights of an administrator`() async throws {
        let login = try await Database.current.makeLogin("operations", in: .admin)
        var connection = try await Database.current.connect(as: login)
        try await connection.expectToFit(ConsoleStatements.all)
    }

    @Test func `every statement is in the list`() throws {
        try expectAllListed(in: "Operations", ConsoleStatements.all)
    }
}
