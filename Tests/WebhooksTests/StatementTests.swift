import Postgres
import Support
import Testing
import Webhooks

@Suite(.database) struct StatementTests {
    @Test(arguments: [
        (TestLogin.Group.worker, WebhookStatements.ofWorkers), (.portal, WebhookStatements.ofPortals),
    ])
    func `every statement fits the schema, its decoder and the rights of who runs it`(
        group: TestLogin.Group, statements: [any StatementFamily.Type]
    ) async throws {
        let login = try await Database.current.makeLogin("member", in: group)
        var connection = try await Database.current.connect(as: login)
        try await connection.expectToFit(statements)
        try expectAllListed(in: "Webhooks", WebhookStatements.all)
    }
}
