import Postgres
import Support
import Testing

@testable import CountersignBenchmarks

@Suite(.database) struct BenchmarkStatementTests {
    @Test func `every statement of the benchmarks fits the schema and its decoder`() async throws {
        var superuser = try await Database.current.connectAsSuperuser()
        try await ReferenceTables.create(&superuser)
        try await superuser.expectToFit(BenchStatements.all)
        try expectAllListed(in: "CountersignBenchmarks", BenchStatements.all)
    }
}
