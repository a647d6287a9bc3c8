import Countersign
import Engine
import Postgres
import Support
import Testing

/// Every statement is checked against the migrated schema, without running the product.
@Suite(.database) struct StatementTests {
    @Test func `every worker statement prepares`() async throws {
        var connection = try await Database.current.connect()
        for statement in WorkerStatements.all {
            do {
                try await connection.execute("PREPARE checked AS \(statement.sql)")
                try await connection.execute("DEALLOCATE checked")
            } catch {
                Issue.record("\(statement.name): \(error)")
            }
        }
    }

    @Test func `every statement of the engine fits the schema, its decoder and the rights of a worker`()
        async throws
    {
        let login = try await Database.current.makeLogin("worker", in: .worker)
        var connection = try await Database.current.connect(as: login)
        try await connection.expectToFit(EngineStatements.all)
    }

    @Test func `every statement of sealing and log levels fits the schema and its decoder`() async throws {
        var connection = try await Database.current.connect()
        try await connection.expectToFit(CountersignStatements.all)
        try expectAllListed(in: "Countersign", CountersignStatements.all)
    }
}
