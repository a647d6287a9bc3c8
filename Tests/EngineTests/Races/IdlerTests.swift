import Countersign
import Postgres
import Support
import Testing

@testable import Engine

/// Portals that idle in a transaction hold up nobody: everybody else's requests go on while they sit there, and
/// no worker is ever found waiting for a lock.
@Suite(.database) struct IdlerTests {
    enum Idle: String, CaseIterable { case collect, cancelIssued, cancelRequested, confirm, select, insert }

    @Test(arguments: Idle.allCases) func `an idler holds up nobody`(idle: Idle) async throws {
        let idler = try await Site.make("idler")
        let other = try await Site.make("other")
        var idling = try await idler.portal()
        let held = try await arrange(idle, &idling)
        try await withWorker { _ in
            var portal = try await other.portal()
            var app = try await other.app()
            let enrollment = try await app.enroll("alice")
            for action in ["accept", "deny"] {
                let transaction = try await portal.request()
                let code = try await portal.code(transaction)
                #expect(try await app.submit(enrollment, code, "scan").result == "accepted")
                #expect(try await app.submit(enrollment, code, action).result == "accepted")
            }
            let expiring = try await portal.request()
            try await portal.waitUntilIssued(expiring)
            try await Database.current.makeDue(expiring)
            try await eventually("it expires") { try await portal.status(expiring) == "expired" }
            #expect(try await Database.current.count(waitingWorkers) == 0)
            // The idler has been idle all the time.
            #expect(try await Database.current.count(idlers) == 1)
            try await idling.execute("COMMIT")
            try await expectAfter(idle, held, &idling)
        }
    }

    /// Workers wait for one another for a moment, as when a table grows; nobody may wait for a portal.
    private let waitingWorkers = """
        SELECT count(*) FROM pg_stat_activity worker JOIN pg_stat_activity portal
            ON portal.pid = ANY (pg_blocking_pids(worker.pid))
        WHERE worker.datname = current_database() AND worker.application_name LIKE 'countersign %'
          AND portal.application_name NOT LIKE 'countersign %'
        """
    /// Workers, too, are idle in a transaction while they judge what they have claimed.
    private let idlers = """
        SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
          AND state = 'idle in transaction' AND application_name NOT LIKE 'countersign %'
        """

    private func arrange(_ idle: Idle, _ portal: inout Connection) async throws -> Identifier {
        if idle == .confirm { try await ask(forConfirmation: "always") }
        let transaction = try await portal.request()
        try await ask(forConfirmation: "never")
        switch idle {
        case .collect, .cancelIssued:
            try await withWorker(stages: [.issue]) { _ in try await portal.waitUntilIssued(transaction) }
        case .cancelRequested, .confirm, .select, .insert: break
        }
        try await portal.execute("BEGIN")
        switch idle {
        case .collect: #expect(try await portal.collect(transaction) != nil)
        case .cancelIssued, .cancelRequested: #expect(try await portal.cancel(transaction))
        case .confirm:
            try await portal.execute("SELECT * FROM countersign.confirm_code('\(transaction)', '00')")
        case .select: _ = try await portal.status(transaction)
        case .insert: return try await portal.request()
        }
        return transaction
    }

    private func expectAfter(_ idle: Idle, _ held: Identifier, _ portal: inout Connection) async throws {
        switch idle {
        case .collect: #expect(try await portal.collect(held) == nil)
        case .cancelIssued, .cancelRequested: #expect(try await portal.status(held) == "cancelled")
        case .confirm, .select, .insert: try await portal.waitUntilIssued(held)
        }
    }

    private func ask(forConfirmation when: String) async throws {
        try await Database.current.arrangeAsSuperuser(
            "UPDATE countersign.auth_types SET confirm_code = '\(when)'")
    }

    /// A stage that repairs what it cannot do would wait its eight seconds, and again with the next row.
    @Test func `what a portal is ending is not waited for by repairs, either`() async throws {
        let site = try await Site.make()
        var portal = try await site.portal()
        var app = try await site.app()
        let enrollment = try await withWorker(stages: [.enroll]) { _ in try await app.enroll("alice") }
        let answered = try await portal.request()
        let code = try await withWorker(stages: [.issue]) { _ in try await portal.code(answered) }
        let submission = try await app.run(
            SQL.submit, [.identifier(enrollment), .text(code), .text("scan")])[0].identifier(0)
        let left = try await portal.request()
        try await portal.execute("BEGIN")
        for request in [left, answered] { #expect(try await portal.cancel(request)) }
        var session = try await Connection.open(Database.current.stageOptions())
        try await session.execute("SET lock_timeout = '100ms'")
        #expect(try await session.run(CountFailure(claim: .issue, key: left)).first() == nil)
        try await session.run(DropQueuedRequest(key: left))
        try await session.run(GiveUpSubmission(key: submission))
        #expect(try await app.run(SQL.result, [.identifier(submission)])[0].text(0) == "rejected")
        try await portal.execute("ROLLBACK")
        #expect(try await portal.status(answered) == "issued")
    }

    /// The code is being collected while the request ends: it ends all the same, and the code goes with it.
    @Test func `a collector does not hold up the end`() async throws {
        let site = try await Site.make()
        try await withWorker { _ in
            var collector = try await site.portal()
            var portal = try await site.portal()
            let transaction = try await portal.request()
            try await portal.waitUntilIssued(transaction)
            try await collector.execute("BEGIN")
            #expect(try await collector.collect(transaction) != nil)
            try await Database.current.makeDue(transaction)
            try await eventually("it expires") { try await portal.status(transaction) == "expired" }
            try await collector.execute("ROLLBACK")
            #expect(try await collector.collect(transaction) == nil)
        }
    }
}
