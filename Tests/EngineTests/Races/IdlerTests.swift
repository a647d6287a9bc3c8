import Countersign
import Postgres
import Support
import Testing

/// Portals that idle in a transaction hold up nobody: everybody else's requests go on while they sit there, and
/// no worker is ever found waiting for a lock.
@Suite(.database) struct IdlerTests {
    enum Idle: String, CaseIterable { case collect, cancelIssued, cancelRequested, select, insert }

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
        let transaction = try await portal.request()
        switch idle {
        case .collect, .cancelIssued:
            try await withWorker(stages: [.issue]) { _ in try await portal.waitUntilIssued(transaction) }
        case .cancelRequested, .select, .insert: break
        }
        try await portal.execute("BEGIN")
        switch idle {
        case .collect: #expect(try await portal.collect(transaction) != nil)
        case .cancelIssued, .cancelRequested: #expect(try await portal.cancel(transaction))
        case .select: _ = try await portal.status(transaction)
        case .insert: return try await portal.request()
        }
        return transaction
    }

    private func expectAfter(_ idle: Idle, _ held: Identifier, _ portal: inout Connection) async throws {
        switch idle {
        case .collect: #expect(try await portal.collect(held) == nil)
        case .cancelIssued, .cancelRequested: #expect(try await portal.status(held) == "cancelled")
        case .select, .insert: try await portal.waitUntilIssued(held)
        }
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
