import Countersign
import Engine
import Postgres
import Support
import Testing

/// Every statement is checked against the migrated schema, without running the product.
@Suite(.database) struct StatementTests {
    @Test func `every statement of the engine fits the schema, its decoder and the rights of a worker`()
        async throws
    {
        let login = try await Database.current.makeLogin("worker", in: .worker)
        var connection = try await Database.current.connect(as: login)
        try await connection.expectToFit(EngineStatements.all)
        try expectAllListed(in: "Engine", EngineStatements.all)
    }

    @Test func `every statement of sealing and log levels fits the schema and its decoder`() async throws {
        var connection = try await Database.current.connect()
        try await connection.expectToFit(CountersignStatements.all)
        try expectAllListed(in: "Countersign", CountersignStatements.all)
    }

    /// The driver's own are the migrator's files and what it asks about them, under any schema's name: its tests run them.
    @Test func `every module that makes statements has a list of them`() throws {
        let listed: Set = [
            "Administration", "Countersign", "CountersignBenchmarks", "CountersignCommand", "Engine",
            "Gateway",
            "Operations", "Webhooks",
        ]
        #expect(try modulesWithStatements().subtracting(["Postgres"]) == listed)
    }

    /// The driver sends what a transaction and a migration are made of, the benchmarks set up a database of their own.
    @Test func `SQL that is no statement is sent only where there is a reason`() throws {
        let reasons = [
            "ConfigPlan.swift": "SET TRANSACTION, which takes no parameters",
            "DispatchLoop.swift": "ROLLBACK after an exchange that failed",
            "Doctor.swift": "SET and RESET, which take no parameters",
            "DoctorFix.swift": "SET ROLE, which takes no parameters, and what the doctor has printed",
            "HomePublication.swift": "GRANT, which takes no parameters",
            "HomeSubscription.swift": "CREATE and ALTER SUBSCRIPTION, which take no parameters",
            "Installation.swift": "GRANT and REVOKE, which take no parameters",
            "MigrateCommand.swift": "SET, which takes no parameters",
            "RowRepair.swift": "ROLLBACK after a row that failed",
            "StageLoop.swift": "ROLLBACK after a batch that failed",
            "ValidateStage.swift": "ROLLBACK of a batch that has to look among all days",
        ]
        let files = try filesWithRawSQL(except: ["CountersignBenchmarks", "Postgres"])
        #expect(files == Set(reasons.keys))
    }
}
