import Postgres
import Support
import Testing

@testable import CountersignCommand

@Suite(.database) struct PhoneStatementTests {
    @Test func `every statement of the phone fits the schema, its decoder and the rights of an app`()
        async throws
    {
        let login = try await Database.current.makeLogin("app", in: .app)
        var app = try await Database.current.connect(as: login)
        try await app.expectToFit(CommandStatements.all)
        try expectAllListed(in: "CountersignCommand", CommandStatements.all)
    }
}
