import Countersign
import Engine
import Postgres
import Support
import Testing

/// What each statement reads and compares is a matter of the rows that it deals with, whatever statistics believe of the
/// tables: none goes through a table or an index because a plan was made when that was empty, or never measured.
@Suite(.database) struct StatementCostTests {
    /// Pages that a statement of three rows may touch; most touch 20 to 70. The smallest table that is filled has 190.
    private static let pages = 180
    /// Rows that the steps of its plan, and of those of functions, may make or throw away.
    private static let rows = 400
    /// In its plan: from the hour before to the day after, and an event's week. Preparing one takes some 10 us for each join.
    private static let days = 4

    @Test(arguments: TableState.allCases) func `no statement reads through a table`(
        state: TableState
    ) async throws {
        let site = try await Site.make()
        try await state.begin()
        let login = try await Database.current.makeLogin("member", in: .worker)
        var session = try await ExplainingSession.open(as: login, Database.current.stageOptions().settings)
        let statements = EngineStatements.all.flatMap { $0.members }.filter {
            StatementCosts.exempt[$0.name] == nil
        }
        for statement in statements {
            try await session.connection.execute("PREPARE \"\(statement.name)\" AS \(statement.sql)")
        }
        try await site.enrollMany()
        // As at the beginning of a day: people are known, and what they do goes to tables that nobody has analysed.
        if state == .plannedWhenEmpty {
            try await Database.current.arrangeAsSuperuser("ANALYZE countersign.enrollments")
            let arguments = StatementCosts.arguments(.strangers(site))
            for statement in statements {
                _ = try await cost(of: statement, arguments[statement.name] ?? "", &session)
            }
        }
        try await site.fillTables(isDue: state == .allDueAtOnce)
        let reader = try await state.holdSnapshot(
            "UPDATE countersign.auth_requests SET reference = 'touched'")
        let arguments = StatementCosts.arguments(try await site.subjects())
        for statement in statements {
            guard let given = arguments[statement.name] else {
                Issue.record("\(statement.name) has no case in StatementCosts")
                continue
            }
            guard let cost = try await cost(of: statement, given, &session) else {
                #expect(state == .allDueAtOnce, "\(statement.name) refuses what is in time")
                continue
            }
            #expect(cost.pages < Self.pages, "\(state) \(statement.name): \(cost.plans)")
            #expect(cost.rows < Self.rows, "\(state) \(statement.name): \(cost.plans)")
            if !StatementCosts.looksEverywhere.contains(statement.name) {
                #expect(cost.days.count <= Self.days, "\(state) \(statement.name): \(cost.days)")
            }
        }
        withExtendedLifetime(reader) {}
    }

    /// Of the second run: the first one reads the catalogs and makes the plans of functions. Nil for what writes all or nothing,
    /// where it can not write all.
    private func cost(
        of statement: Statement, _ arguments: String, _ session: inout ExplainingSession
    ) async throws -> ExplainingSession.Cost? {
        let call = "EXECUTE \"\(statement.name)\"" + (arguments.isEmpty ? "" : "(\(arguments))")
        do {
            return try await session.cost(of: call, below: Self.pages)
        } catch  where PostgresError(in: error)?.state == .notAll {
            try await session.connection.execute("ROLLBACK")
            return nil
        }
    }
}
