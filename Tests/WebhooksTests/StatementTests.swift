import Postgres
import Support
import Testing
import Webhooks

@Suite(.database) struct StatementTests {
    @Test func `every statement fits the schema, its decoder and the rights of a worker`() async throws {
        let login = try await Database.current.makeLogin("worker", in: .worker)
        var connection = try await Database.current.connect(as: login)
        try await connection.expectToFit(WebhookStatements.all)
        try expectAllListed(in: "Webhooks", WebhookStatements.all)
    }
}
